"""Runs for the polls that are due."""

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
OUT = timedelta(hours=1)
STORIES = RunStream.Name.STORIES
WAITS = (BudgetExhausted, CallsStopped)


@retry_on_conflict
@transaction.atomic
def dispatch(
    *, now: datetime, limit: int = MAX_ACTIVE, streams: Sequence[str] = starting.ORDER
) -> int:
    """Start runs for due polls of these streams, the earliest deadline first; returns how many.

    A profile gets one run for all of its streams that are due, and none while it has an active
    one. At most MAX_ACTIVE scheduled runs are active, so that a backlog waits here, in the order
    of its deadlines, and not in a queue, in the order of its arrival. Two dispatchers at once share
    the work. Sends 2 statements where nothing is due, else 7, however much is.
    """
    room = MAX_ACTIVE - _at_work()
    if room <= 0:
        return 0
    startable = _startable(now, streams)
    chosen = _claim(startable, min(limit, room))
    if not chosen:
        return 0
    # Asked again under the lock: a run may have been requested in the meantime.
    due = startable.filter(user__in=chosen).select_related("user")
    polls = list(due.only("stream", "user__instagram_id"))
    _start(polls)
    # Comes due again if its run ends without a word; noting the poll sets the real time.
    StreamPoll.objects.filter(pk__in=[poll.pk for poll in polls]).update(due_at=now + OUT)
    return len({poll.user_id for poll in polls})


@retry_on_conflict
@transaction.atomic
def join_stories(*, now: datetime) -> int:
    """Add due stories to active runs that do without them; returns to how many.

    Such a run may take hours over a backfill, or wait for the end of a day whose budget is used up,
    and its profile gets no other run before it ends. Sends one statement where there is none.
    """
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
        polls.update(due_at=now + OUT)
    return len(runs)


def _at_work() -> int:
    """Scheduled runs that are active and do not wait for the end of a cap or a stop."""
    active = ArchiveRun.objects.active().filter(is_scheduled=True)
    return active.exclude(waits_for__in=[each.__name__ for each in WAITS]).count()


def _claim(startable: QuerySet[StreamPoll], limit: int) -> list[UUID]:
    """Lock profiles with the earliest deadlines; the lock is that of `actions.request_archive`."""
    rows = (
        startable.order_by("deadline_at", "pk")
        .select_for_update(of=("self", "user"), skip_locked=True, no_key=True)
        .select_related("user")
        .only("user__uuid")[:limit]
    )
    return list(dict.fromkeys(poll.user_id for poll in rows))


def _startable(now: datetime, streams: Sequence[str]) -> QuerySet[StreamPoll]:
    active = ArchiveRun.objects.active().filter(user=OuterRef("user"))
    polls: QuerySet[StreamPoll] = StreamPoll.objects.filter(~Exists(active), due_at__lte=now)
    return polls if len(streams) == len(starting.ORDER) else polls.filter(stream__in=streams)


def _start(polls: Sequence[StreamPoll]) -> None:
    streams: dict[UUID, set[str]] = defaultdict(set)
    for poll in polls:
        streams[poll.user_id].add(poll.stream)
        if poll.user.instagram_id is None:
            streams[poll.user_id].add(RunStream.Name.PROFILE)
    starting.start_runs(streams)
