"""Output on the developer's terminal."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def warn(text: str) -> None:
    """Print to standard error, because a program may read standard output."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
