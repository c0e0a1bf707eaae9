"""Computes which parts of a span were watched. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from instagram.archiving.schedule.intervals import STORY_LIFE


@dataclass(frozen=True, slots=True)
class Span:
    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def within(self, other: Span) -> Span | None:
        """The part that overlaps the other span, if any."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else None


@dataclass(frozen=True, slots=True)
class Window(Span):
    """A span in which no story can have been missed, and the number of polls that cover it."""

    polls: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """The windows, the gaps and the pending part of a span, which add up to the span.

    Stories of a gap may be lost. The pending part can still be covered by a poll.
    """

    span: Span
    windows: tuple[Window, ...]
    gaps: tuple[Span, ...]
    pending: Span | None

    @property
    def covered(self) -> timedelta:
        """The total length of the windows."""
        return sum((window.length for window in self.windows), timedelta())

    @property
    def covered_seconds(self) -> float:
        return self.covered.total_seconds()

    @property
    def share(self) -> float:
        """The watched share, from 0 to 1; 0 for a span without a length."""
        return self.covered / self.span.length if self.span.length else 0.0


def coverage(windows: Iterable[Window], span: Span, *, now: datetime) -> Coverage:
    """The coverage of a span that ends now or earlier.

    The windows are in order and do not overlap.
    """
    inside = tuple(
        Window(part.start, part.end, window.polls)
        for window in windows
        if (part := window.within(span)) is not None
    )
    # Stories are visible for 24 hours: those posted since then can still be seen by a poll.
    reached = inside[-1].end if inside else span.start
    alive = max(now - STORY_LIFE, reached)
    lost = Span(reached, min(alive, span.end))
    gaps = [*_between(inside, span), *([lost] if lost.length > timedelta() else [])]
    pending = Span(alive, span.end) if alive < span.end else None
    return Coverage(span, inside, tuple(gaps), pending)


def _between(windows: Iterable[Window], span: Span) -> Iterator[Span]:
    """The gaps before each window."""
    reached = span.start
    for window in windows:
        if reached < window.start:
            yield Span(reached, window.start)
        reached = window.end
