"""Archive runs as tasks: a message is only a nudge, the row decides."""

from __future__ import annotations

from uuid import UUID

from billiard.exceptions import SoftTimeLimitExceeded
from celery import shared_task
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.utils import timezone

from core.tasks import BaseTask, send
from instagram.archiving import pipeline, runs, starting
from instagram.models import ArchiveRun, RunStream

MOST_NUDGES = 100  # a sweep; what is left is due at the next one


@shared_task(name="instagram.archive_run", base=BaseTask, throws=(runs.LostLease,))
def archive_run(run_id: str) -> None:
    """Archive a run if it is due and nobody is at it; a long one goes on in another task."""
    run = runs.claim(UUID(run_id), now=timezone.now())
    if run is None:
        return
    try:
        pipeline.archive(run)
    except SoftTimeLimitExceeded:
        runs.release(run)
        send("instagram.archive_run", run_id)


@shared_task(name="instagram.sweep_runs", base=BaseTask, expires=60)
def sweep_runs() -> None:
    """Nudge the runs that are due: lost messages, dead workers, pauses that are over."""
    pending = RunStream.objects.filter(run=OuterRef("pk"), state=RunStream.State.PENDING)
    due = ArchiveRun.objects.due(timezone.now()).values_list(
        "pk", "is_scheduled", ArraySubquery(pending.values("name"))
    )
    for run_id, is_scheduled, streams in due[:MOST_NUDGES]:
        queue = starting.queue_for(streams, is_scheduled=is_scheduled)
        send("instagram.archive_run", str(run_id), queue=queue)
