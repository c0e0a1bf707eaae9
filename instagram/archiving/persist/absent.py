"""Counts a miss for each row that a poll of the whole list did not show."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import F, Func, Max, Q, QuerySet

from core.utils.errors import ItemsUnreadable
from instagram.archiving import absence, changes
from instagram.archiving.changes import Change
from instagram.archiving.schedule.intervals import STORY_LIFE
from instagram.models import (
    ArchiveRun,
    ChangeEvent,
    Highlight,
    Post,
    RunStream,
    Story,
    StreamPage,
    StreamPoll,
    User,
)
from settings import current

Row = TypeVar("Row", Post, Story, Highlight)
TABS = {RunStream.Name.POSTS: "in_grid", RunStream.Name.REELS: "in_reels"}


def posts(run: ArchiveRun, *, now: datetime) -> None:
    """Count misses of the profile's posts. Called at the end of each tab.

    A post is missed if this run has listed every tab that has shown the post before, and none of
    them shows it now.
    """
    listed = _listed_tabs(run)
    if not listed:
        return
    absent = (
        _known_before(run)
        .filter(_known_only_from(listed))
        # A run counts one miss at most: the end of the second tab must not count another.
        .filter(Q(last_missed_at=None) | Q(last_missed_at__lt=run.created_at))
        .exclude(pk__in=_shown(run, listed))
        .select_related("user")
        .defer("raw_data", "search_text", "search_grams")
    )
    before = StreamPoll.objects.filter(polled_at__lt=run.created_at, stream__in=listed)
    missed = _missed(absent, now, _last_poll(before, run.user))
    changes.record_history(((post, "~") for post in missed), now=now)


def stories(user: User, shown: Collection[str], *, now: datetime) -> None:
    """Count misses of the stories that should still be on show."""
    absent = (
        user.stories.filter(
            expires_at__gt=now,
            # Some answers state a late end. No story is on show for more than 24 hours.
            created_at__range=(now - STORY_LIFE, now),
            availability__in=absence.JUDGED,
        )
        .exclude(pk__in=shown)
        .select_related("user")
        .defer("raw_data")
    )
    polls = StreamPoll.objects.filter(stream=RunStream.Name.STORIES)
    _missed(absent, now, _last_poll(polls, user))


def highlights(user: User, shown: Collection[str], *, now: datetime) -> None:
    """Count misses of the highlights that the tray does not show."""
    absent = (
        user.highlights.filter(created_at__lt=now, availability__in=absence.JUDGED)
        .exclude(pk__in=shown)
        .select_related("user")
        .defer("raw_data")
    )
    polls = StreamPoll.objects.filter(stream=RunStream.Name.HIGHLIGHTS)
    _missed(absent, now, _last_poll(polls, user))


def _missed(rows: QuerySet[Row], now: datetime, last_seen: datetime | None) -> list[Row]:
    """Count one miss for each row; returns the rows whose availability has changed."""
    config = current.archiving()
    written, changed = [], []
    for row in rows:
        differences = absence.missed(row, now=now, last_seen=last_seen, config=config)
        if not differences:
            continue
        written.append(row)
        if row.availability != differences["availability"]:
            changed.append((row, _change(row, differences)))
        changes.apply(row, differences)
    if written:
        type(written[0]).objects.bulk_update(written, absence.COLUMNS, batch_size=1000)
        changes.record((change for _, change in changed), now=now)
    return [row for row, _ in changed]


def _change(row: Row, differences: dict[str, Any]) -> Change:
    kind = ChangeEvent.Kind(type(row).__name__.lower())
    before = {"availability": row.availability}
    after = {"availability": differences["availability"]}
    return Change(kind, str(row.pk), row.user, before, after)


def _known_before(run: ArchiveRun) -> QuerySet[Post]:
    """The profile's own posts that were stored before the run and are not marked as deleted."""
    known = Post.objects.filter(user=run.user, created_at__lt=run.created_at)
    return known.filter(availability__in=absence.JUDGED)


def _shown(run: ArchiveRun, tabs: Collection[str]) -> QuerySet[StreamPage, str]:
    """The ids of all posts that these tabs have shown in this run."""
    pages = StreamPage.objects.filter(stream__run=run, stream__name__in=tabs)
    return pages.values_list(Func(F("ids"), function="unnest"), flat=True)


def _listed_tabs(run: ArchiveRun) -> list[str]:
    """The tabs that the run has listed to the end, and whose length is plausible."""
    # A stream with items that could not be read still lists their ids. An empty id stands for an
    # item without one, which may be any post that seems to be missing.
    whole = Q(state=RunStream.State.SUCCEEDED) | Q(error_code=ItemsUnreadable.__name__)
    streams = run.streams.filter(whole, name__in=TABS).exclude(shown__ids__contains=[""])
    ended = {stream.name: stream for stream in streams}
    grid = ended.get(RunStream.Name.POSTS)
    reels = ended.get(RunStream.Name.REELS)
    listed: list[str] = []
    if grid is not None:
        newest = run.user.metrics.order_by("-day").first()
        counted = newest.media_count if newest else None
        if absence.is_full(grid.seen + grid.rejected, counted):
            listed.append(grid.name)
    if reels is not None and _are_full_reels(run, reels, beside=listed):
        listed.append(reels.name)
    return listed


def _are_full_reels(run: ArchiveRun, stream: RunStream, *, beside: Collection[str]) -> bool:
    """Whether the run has listed about as many reels as were stored before."""
    # The provider has no count of reels. A reel that the grid of this run misses too is probably
    # deleted, so it is not expected here.
    known = _known_before(run).filter(in_reels=True)
    if beside:
        known = known.exclude(~Q(pk__in=_shown(run, beside)), in_grid=True)
    return absence.is_full(stream.seen + stream.rejected, known.count() or None)


def _known_only_from(listed: Iterable[str]) -> Q:
    """A filter for posts that the listed tabs have shown, and no other tab."""
    names = {TABS[RunStream.Name(name)] for name in listed}
    known = Q(*((tab, True) for tab in names), _connector=Q.OR)
    return known & Q(*((tab, False) for tab in {*TABS.values()} - names))


def _last_poll(polls: QuerySet[StreamPoll], user: User) -> datetime | None:
    """The latest time at which one of the polls saw a whole list."""
    times: datetime | None = polls.filter(user=user).aggregate(last=Max("polled_at"))["last"]
    return times
