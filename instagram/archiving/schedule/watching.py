"""Reads the windows of profiles, and computes their coverage."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Min, QuerySet

from instagram.archiving.schedule.coverage import Coverage, Span, Window, coverage
from instagram.models import StoryWindow, User

MAX_WATCHED = timedelta(days=90)
WATCHED_DAYS = 30


def coverage_of(user: User, span: Span, *, now: datetime) -> Coverage:
    """The coverage of the profile's stories in a span that ends now or earlier; one query."""
    overlapping = user.story_windows.filter(started_at__lt=span.end, ended_at__gt=span.start)
    return coverage(_in_order(overlapping), span, now=now)


def coverage_lately(windows: Iterable[StoryWindow], *, now: datetime) -> Coverage:
    """The coverage of the last WATCHED_DAYS by the windows of one profile; no query."""
    span = Span(now - timedelta(days=WATCHED_DAYS), now)
    return coverage(_in_order(windows), span, now=now)


def lately(now: datetime) -> QuerySet[StoryWindow]:
    """The windows of all profiles that `coverage_lately` needs."""
    windows: QuerySet[StoryWindow] = StoryWindow.objects.filter(
        ended_at__gt=now - timedelta(days=WATCHED_DAYS)
    )
    return windows


def _in_order(windows: Iterable[StoryWindow]) -> list[Window]:
    found = [Window(each.started_at, each.ended_at, each.polls) for each in windows]
    return sorted(found, key=lambda window: window.start)


def watched_since(user: User, *, now: datetime) -> datetime:
    """The start of the first window, or 90 days ago if that is later; one query."""
    first = user.story_windows.aggregate(first=Min("started_at"))["first"]
    return max(first or now - MAX_WATCHED, now - MAX_WATCHED)
