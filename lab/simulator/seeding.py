"""Everything random comes from here: the same labels give the same values in every process."""

from __future__ import annotations

import hashlib
import random


def digest(*labels: object) -> bytes:
    """Return 32 bytes that depend on the labels alone."""
    text = "|".join(str(label) for label in labels)
    return hashlib.blake2b(text.encode(), digest_size=32).digest()


def number(*labels: object, digits: int = 15) -> int:
    """Return a number of exactly that many digits which depends on the labels alone."""
    smallest: int = 10 ** (digits - 1)
    return smallest + int.from_bytes(digest(*labels), "big") % (9 * smallest)


def chooser(*labels: object) -> random.Random:
    """Return a source of choices which depends on the labels alone."""
    return random.Random(digest(*labels))  # noqa: S311  anybody shall make the same choices again
