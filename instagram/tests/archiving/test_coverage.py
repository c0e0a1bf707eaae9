"""The coverage of a span: windows, gaps and the pending part."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instagram.archiving.schedule.coverage import Coverage, Span, Window, coverage

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def ago(start: float, end: float) -> Span:
    """A span, in hours before now."""
    return Span(NOW - start * HOUR, NOW - end * HOUR)


def watched(start: float, end: float) -> Window:
    span = ago(start, end)
    return Window(span.start, span.end, polls=2)


def of(*windows: Window, start: float = 100, end: float = 0) -> Coverage:
    return coverage(windows, ago(start, end), now=NOW)


def test_one_window_over_all_of_it_leaves_no_gap() -> None:
    report = of(watched(200, 0))

    assert (report.share, report.gaps, report.pending) == (1.0, (), None)


def test_between_two_windows_lies_a_gap() -> None:
    report = of(watched(100, 60), watched(50, 0))

    assert report.gaps == (ago(60, 50),)
    assert report.share == pytest.approx(0.9)


def test_the_time_since_the_last_poll_is_pending_and_no_gap() -> None:
    report = of(watched(100, 10))

    assert (report.gaps, report.pending) == ((), ago(10, 0))


def test_uncovered_time_older_than_a_day_is_lost() -> None:
    report = of(watched(100, 30))

    assert (report.gaps, report.pending) == ((ago(30, 24),), ago(24, 0))


def test_without_a_window_nothing_is_covered() -> None:
    report = of(start=100, end=50)

    assert (report.share, report.gaps, report.pending) == (0.0, (ago(100, 50),), None)


def test_windows_are_cut_at_the_ends_of_the_span() -> None:
    report = of(watched(300, 200), watched(90, 60), watched(55, 10), start=80, end=40)

    assert [(each.start, each.end) for each in report.windows] == [
        (NOW - 80 * HOUR, NOW - 60 * HOUR),
        (NOW - 55 * HOUR, NOW - 40 * HOUR),
    ]


def test_a_window_that_only_touches_the_span_covers_nothing_of_it() -> None:
    assert of(watched(120, 100)).windows == ()


def test_a_span_without_a_length_has_no_share() -> None:
    assert of(watched(200, 0), start=5, end=5).share == 0.0


@given(
    edges=st.lists(st.integers(0, 200), max_size=16, unique=True),
    ends=st.tuples(st.integers(0, 200), st.integers(0, 200)),
)
def test_windows_gaps_and_the_pending_part_add_up_to_the_span(
    edges: list[int], ends: tuple[int, int]
) -> None:
    borders = sorted(edges[: len(edges) // 2 * 2], reverse=True)
    windows = [watched(*pair) for pair in zip(borders[::2], borders[1::2], strict=True)]

    report = of(*windows, start=max(ends), end=min(ends))

    pieces: list[Span] = [*report.windows, *report.gaps]
    pieces += [report.pending] if report.pending else []
    pieces.sort(key=lambda piece: piece.start)
    assert sum((piece.length for piece in pieces), timedelta()) == report.span.length
    assert all(one.end <= other.start for one, other in pairwise(pieces))
    assert all(piece.length > timedelta() for piece in pieces)
    length = report.span.length
    assert report.share == (report.covered / length if length else 0)
