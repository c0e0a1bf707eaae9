"""Which calls cannot wait: a story is gone after a day, a post is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_urgent: ContextVar[bool] = ContextVar("urgent", default=False)


@contextmanager
def urgent() -> Iterator[None]:
    """Let the calls made inside go before others, and above the soft cap.

    Threads started inside begin without it.
    """
    token = _urgent.set(True)
    try:
        yield
    finally:
        _urgent.reset(token)


def is_urgent() -> bool:
    """Whether a call made here cannot wait."""
    return _urgent.get()
