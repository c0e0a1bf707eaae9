"""Deterministic randomness: equal labels give equal values in every process."""

from __future__ import annotations

import hashlib
import random


def digest(*labels: object) -> bytes:
    """Return 32 bytes derived from the labels."""
    text = "|".join(str(label) for label in labels)
    return hashlib.blake2b(text.encode(), digest_size=32).digest()


def number(*labels: object, digits: int = 15) -> int:
    """Return a number of exactly that many digits derived from the labels."""
    smallest: int = 10 ** (digits - 1)
    return smallest + int.from_bytes(digest(*labels), "big") % (9 * smallest)


def chooser(*labels: object) -> random.Random:
    """Return a random number generator seeded with the labels."""
    return random.Random(digest(*labels))  # noqa: S311  must be repeatable
