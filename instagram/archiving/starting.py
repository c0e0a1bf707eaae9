"""Starts runs: adds their streams, and chooses the queue of their message."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from core.tasks import send, send_on_commit
from instagram.models import ArchiveRun, RunStream, StreamPoll

ORDER = tuple(RunStream.Name)
ARCHIVE, STORIES = "archive", "stories"
QUEUES = (STORIES, ARCHIVE)
BACKFILLS = (RunStream.Name.POSTS, RunStream.Name.REELS, RunStream.Name.HIGHLIGHTS)
SOON = timedelta(hours=4)  # what intervals.Pace leaves until a story could expire unseen


def start_runs(streams: Mapping[UUID, Collection[str]]) -> None:
    """Start a scheduled run for each profile, in 2 statements.

    No profile has an active run. The caller holds the lock of `actions.request_archive` on them.
    """
    runs = [ArchiveRun(user_id=profile, is_scheduled=True) for profile in streams]
    ArchiveRun.objects.bulk_create(runs)
    add_streams({run: streams[run.user_id] for run in runs})
    for run in runs:
        queue = queue_for(streams[run.user_id], is_scheduled=True)
        send_on_commit("instagram.archive_run", str(run.pk), queue=queue)


def add_streams(wanted: Mapping[ArchiveRun, Collection[str]]) -> None:
    """Add the streams that each run lacks, in one statement."""
    RunStream.objects.bulk_create(
        [
            RunStream(run=run, name=name, position=position)
            for run, names in wanted.items()
            for position, name in enumerate(ORDER)
            if name in names
        ],
        # A stream that the run has already is kept with its state and its cursor.
        ignore_conflicts=True,
    )


def due(queue: str, *, now: datetime) -> QuerySet[ArchiveRun]:
    """The due runs of a queue, those that have waited longest first."""
    stories = RunStream.Name.STORIES
    pending = RunStream.objects.filter(run=OuterRef("pk"), name=stories, state="pending")
    polls = StreamPoll.objects.filter(user=OuterRef("user"), stream=stories)
    soon = polls.filter(deadline_at__lte=now + SOON)
    # A requested run usually belongs to the archive queue, behind backfills of hours. It moves to
    # the stories queue when its stories could soon expire unseen.
    cannot_wait = Q(Q(is_scheduled=True) | Exists(soon), Exists(pending))
    runs: QuerySet[ArchiveRun] = ArchiveRun.objects.due(now)
    return runs.filter(cannot_wait if queue == STORIES else ~cannot_wait)


def pass_on(run: ArchiveRun, *, now: datetime) -> None:
    """Send the message for a run that this worker has released."""
    is_urgent = due(STORIES, now=now).filter(pk=run.pk).exists()
    send("instagram.archive_run", str(run.pk), queue=STORIES if is_urgent else ARCHIVE)


def queue_for(pending: Collection[str], *, is_scheduled: bool) -> str:
    """The queue for a new run with these pending streams."""
    # A requested run may begin with a backfill of hours, which must not delay other stories.
    return STORIES if is_scheduled and RunStream.Name.STORIES in pending else ARCHIVE
