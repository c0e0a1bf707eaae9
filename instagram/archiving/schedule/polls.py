"""Notes the results of polls, and sets the times of the next ones."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, Subquery
from django.db.models.functions import Coalesce, Greatest, Least

from instagram.archiving.schedule import intervals
from instagram.archiving.schedule.intervals import SOONEST_RETRY, STORY_LIFE, Pace
from instagram.models import ArchiveRun, Availability, RunStream, StoryWindow, StreamPoll, User
from instagram.models.users import HIDDEN
from settings import current


def note_poll(user: User, stream_name: str, *, now: datetime, found_new: bool) -> None:
    """Note that a run has read a stream to its end, in the transaction that ends the stream.

    `now` is the time of the call: later items were not seen. The interval adapts, and the window of
    stories grows. A stream that is not scheduled does not become due. Sends 3 statements, for
    stories up to 6.
    """
    poll = _locked(user, stream_name)
    _adapt(poll, user, found_new=found_new, now=now)
    # A profile has at most one active run, so this is the stream that ends now.
    streams = RunStream.objects.filter(run__user=user, run__state__in=ArchiveRun.ACTIVE)
    pages = Subquery(streams.filter(name=stream_name).values("pages")[:1])
    poll.pages = Coalesce(pages, F("pages"))
    if stream_name == RunStream.Name.STORIES:
        _extend_window(user, now)
    poll.save()


def note_partial_poll(user: User, stream_name: str, *, now: datetime) -> None:
    """Note that some items of a list could not be read. Sends 3 statements."""
    # A whole interval later, because the same answer would be unreadable again.
    poll = _locked(user, stream_name)
    if poll.due_at is not None:
        poll.due_at = now + intervals.jittered(poll.interval, user.pk)
    poll.save()


def note_failed_poll(user: User, stream_name: str, *, now: datetime) -> None:
    """Note that a stream has failed, so that it is tried again soon. Sends 3 statements."""
    poll = _locked(user, stream_name)
    if poll.due_at is not None:
        poll.due_at = _next_try(poll, user, now)
    poll.save()


def _locked(user: User, stream_name: str) -> StreamPoll:
    locked = StreamPoll.objects.select_for_update(no_key=True)
    return locked.get_or_create(user=user, stream=stream_name)[0]


def doubt(user: User, *, now: datetime) -> None:
    """Make the profile's own poll due, because another stream's answer says that it is gone."""
    polls = StreamPoll.objects.filter(user=user, stream=RunStream.Name.PROFILE, due_at__gt=now)
    polls.update(due_at=now, deadline_at=Least("deadline_at", now + SOONEST_RETRY))


def pace_of(stream_name: str, availability: str) -> Pace:
    """The pace of a stream; for stories the setting, in one query."""
    if availability in HIDDEN:
        return intervals.HIDDEN_PACE
    if stream_name == RunStream.Name.STORIES:
        return intervals.STORY_PACES[current.archiving().story_pace]
    return intervals.STREAM_PACES[stream_name]


def _adapt(poll: StreamPoll, user: User, *, found_new: bool, now: datetime) -> None:
    pace = pace_of(poll.stream, user.availability)
    poll.polled_at = now
    if found_new:
        poll.changed_at = now
    quiet_for = now - poll.changed_at if poll.changed_at else None
    poll.interval = intervals.next_interval(
        pace, poll.interval, found_new=found_new, quiet_for=quiet_for
    )
    if poll.due_at is not None:
        poll.due_at = now + intervals.jittered(poll.interval, user.pk)
        poll.deadline_at = _deadline(pace, poll, now, poll.due_at)


def _deadline(pace: Pace, poll: StreamPoll, polled_at: datetime, due_at: datetime) -> datetime:
    return intervals.deadline(
        pace,
        poll.interval,
        polled_at=polled_at,
        due_at=due_at,
        is_mortal=poll.stream == RunStream.Name.STORIES,
    )


def _next_try(poll: StreamPoll, user: User, now: datetime) -> datetime:
    # A profile that may be gone is asked again as soon as another miss would count.
    if poll.stream == RunStream.Name.PROFILE and user.availability == Availability.MISSING:
        return now + max(current.archiving().time_between_misses, SOONEST_RETRY)
    since = poll.polled_at or user.created_at
    return intervals.retry(now=now, since=since, deadline_at=poll.deadline_at)


def _extend_window(user: User, now: datetime) -> None:
    """Extend the last window if this poll overlaps it, else add a new one."""
    # An answer shows all stories of the last 24 hours, so a poll covers that time.
    since = now - STORY_LIFE
    overlapped = StoryWindow.objects.filter(user=user, ended_at__gte=since)
    extended = overlapped.update(ended_at=Greatest("ended_at", now), polls=F("polls") + 1)
    if not extended:
        StoryWindow.objects.create(user=user, started_at=since, ended_at=now)
