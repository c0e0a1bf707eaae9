"""How much of a time was watched. Pure: windows and a span in, shares and gaps out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from instagram.archiving.schedule.intervals import STORY_LIFE


@dataclass(frozen=True, slots=True)
class Span:
    """From a time up to a later one."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start

    def within(self, other: Span) -> Span | None:
        """The part of it that lies in the other one, if any."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else None


@dataclass(frozen=True, slots=True)
class Window(Span):
    """A time in which no story can have been missed, and the polls that saw to it."""

    polls: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was watched of a span. Windows, gaps and what is pending make up all of it.

    Of a gap, stories may be lost; what is pending can still be covered by a poll.
    """

    span: Span
    windows: tuple[Window, ...]
    gaps: tuple[Span, ...]
    pending: Span | None

    @property
    def covered(self) -> timedelta:
        """How long it was watched."""
        return sum((window.length for window in self.windows), timedelta())

    @property
    def covered_seconds(self) -> float:
        """The same in seconds."""
        return self.covered.total_seconds()

    @property
    def share(self) -> float:
        """The part that was watched, from 0 to 1; 0 for a span without a length."""
        return self.covered / self.span.length if self.span.length else 0.0


def coverage(windows: Iterable[Window], span: Span, *, now: datetime) -> Coverage:
    """Compare a span that ends now or earlier with windows, which are in order and do not overlap.

    What came after the last window and is younger than 24 hours is pending.
    """
    inside = tuple(_clipped(windows, span))
    reached = inside[-1].end if inside else span.start
    alive = max(now - STORY_LIFE, reached)
    lost = Span(reached, min(alive, span.end))
    gaps = [*_between(inside, span), *([lost] if lost.length > timedelta() else [])]
    pending = Span(alive, span.end) if alive < span.end else None
    return Coverage(span, inside, tuple(gaps), pending)


def _clipped(windows: Iterable[Window], span: Span) -> Iterator[Window]:
    for window in windows:
        if (part := window.within(span)) is not None:
            yield Window(part.start, part.end, window.polls)


def _between(windows: Iterable[Window], span: Span) -> Iterator[Span]:
    """What no window covers, up to the last one: its polls came too late for that."""
    reached = span.start
    for window in windows:
        if reached < window.start:
            yield Span(reached, window.start)
        reached = window.end
