"""Starts runs for the polls that are due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from core.db.retrying import retry_on_conflict
from core.utils.errors import BudgetExhausted, CallsStopped
from instagram.archiving import starting
from instagram.models import ArchiveRun, RunStream, StreamPoll

MAX_ACTIVE = 300
# A poll that was dispatched comes due again after this, if its run ends without noting it.
REDISPATCH_AFTER = timedelta(hours=1)
STORIES = RunStream.Name.STORIES
# Runs that wait for these do not count towards MAX_ACTIVE, because they may wait for hours.
WAITS = (BudgetExhausted, CallsStopped)


@retry_on_conflict
@transaction.atomic
def dispatch(
    *, now: datetime, limit: int = MAX_ACTIVE, streams: Sequence[str] = starting.ORDER
) -> int:
    """Start runs for due polls of these streams, the earliest deadline first; returns how many.

    A profile gets one run for all of its due streams, and none while it has an active run. Two
    dispatchers share the work. Sends 2 statements if nothing is due, else 7.
    """
    # A backlog waits here in the order of its deadlines, not in a queue in the order of arrival.
    active = ArchiveRun.objects.active().filter(is_scheduled=True)
    waiting = [each.__name__ for each in WAITS]
    room = MAX_ACTIVE - active.exclude(waits_for__in=waiting).count()
    if room <= 0:
        return 0
    has_active_run = Exists(ArchiveRun.objects.active().filter(user=OuterRef("user")))
    startable = StreamPoll.objects.filter(~has_active_run, due_at__lte=now)
    if len(streams) < len(starting.ORDER):
        startable = startable.filter(stream__in=streams)
    chosen = _claim(startable, min(limit, room))
    if not chosen:
        return 0
    # Read again under the lock: a run may have been requested in the meantime.
    due = startable.filter(user__in=chosen).select_related("user")
    polls = list(due.only("stream", "user__instagram_id"))
    _start(polls)
    # The run's own note of the poll sets the real time.
    dispatched = StreamPoll.objects.filter(pk__in=[poll.pk for poll in polls])
    dispatched.update(due_at=now + REDISPATCH_AFTER)
    return len({poll.user_id for poll in polls})


@retry_on_conflict
@transaction.atomic
def join_stories(*, now: datetime) -> int:
    """Add due stories to active runs that lack them; returns the number of these runs.

    Sends one statement if there are none.
    """
    # Such a run may take hours over a backfill or wait for tomorrow's budget, and its profile gets
    # no other run before it ends.
    due = StreamPoll.objects.filter(stream=STORIES, due_at__lte=now, user=OuterRef("user"))
    ours = RunStream.objects.filter(run=OuterRef("pk"), name=STORIES)
    runs = list(
        ArchiveRun.objects.active()
        .filter(Exists(due), ~Exists(ours))
        .select_for_update(of=("self", "user"), skip_locked=True, no_key=True)
        .select_related("user")
        .only("user__uuid")
    )
    if runs:
        starting.add_streams({run: [STORIES] for run in runs})
        polls = StreamPoll.objects.filter(stream=STORIES, user__in=[run.user_id for run in runs])
        polls.update(due_at=now + REDISPATCH_AFTER)
    return len(runs)


def _claim(startable: QuerySet[StreamPoll], limit: int) -> list[UUID]:
    """Lock the profiles with the earliest deadlines."""
    # The lock of actions.request_archive. Another dispatcher skips the profiles locked here.
    rows = (
        startable.order_by("deadline_at", "pk")
        .select_for_update(of=("self", "user"), skip_locked=True, no_key=True)
        .select_related("user")
        .only("user__uuid")[:limit]
    )
    return list(dict.fromkeys(poll.user_id for poll in rows))


def _start(polls: Sequence[StreamPoll]) -> None:
    streams: dict[UUID, set[str]] = defaultdict(set)
    for poll in polls:
        streams[poll.user_id].add(poll.stream)
        # The other streams are requested by the id, which only the profile's answer tells.
        if poll.user.instagram_id is None:
            streams[poll.user_id].add(RunStream.Name.PROFILE)
    starting.start_runs(streams)
