"""How runs begin: their streams in order, and a message to the right queue."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from core.tasks import send_on_commit
from instagram.models import ArchiveRun, RunStream

ORDER = tuple(RunStream.Name)
ARCHIVE, STORIES = "archive", "stories"


def start_runs(streams: Mapping[UUID, Collection[str]]) -> None:
    """Start a scheduled run for each profile, none of which has an active one; 2 statements.

    The caller holds the lock of `actions.request_archive` on the profiles.
    """
    runs = [ArchiveRun(user_id=profile, is_scheduled=True) for profile in streams]
    ArchiveRun.objects.bulk_create(runs)
    add_streams({run: streams[run.user_id] for run in runs})
    for run in runs:
        queue = queue_for(streams[run.user_id], is_scheduled=True)
        send_on_commit("instagram.archive_run", str(run.pk), queue=queue)


def add_streams(wanted: Mapping[ArchiveRun, Collection[str]]) -> None:
    """Add the streams that a run lacks, at their places; one statement."""
    RunStream.objects.bulk_create(
        [
            RunStream(run=run, name=name, position=position)
            for run, names in wanted.items()
            for position, name in enumerate(ORDER)
            if name in names
        ],
        ignore_conflicts=True,
    )


def queue_for(pending: Collection[str], *, is_scheduled: bool) -> str:
    """Stories have deadlines; but what a person asks for may begin with a backfill of hours."""
    return STORIES if is_scheduled and RunStream.Name.STORIES in pending else ARCHIVE
