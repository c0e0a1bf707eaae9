"""Archive runs as tasks: a message is only a nudge, the row decides."""

from __future__ import annotations

from uuid import UUID

from billiard.exceptions import SoftTimeLimitExceeded
from celery import shared_task
from django.utils import timezone

from core.tasks import BaseTask, send
from instagram.archiving import pipeline, runs
from instagram.models import ArchiveRun

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
    due = ArchiveRun.objects.due(timezone.now()).values_list("pk", flat=True)
    for run_id in due[:MOST_NUDGES]:
        send("instagram.archive_run", str(run_id))
