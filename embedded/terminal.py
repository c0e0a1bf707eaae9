"""The developer's terminal: the one place that writes to it."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """Tell what goes on."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def warn(text: str) -> None:
    """Tell what goes wrong, beside the output of a command that may be read by a program."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
