"""Archive runs as tasks. A message only triggers work; the run's row decides."""

from __future__ import annotations

from uuid import UUID

from billiard.exceptions import SoftTimeLimitExceeded
from celery import shared_task
from django.utils import timezone

from core.tasks import BaseTask, send, waiting
from instagram.archiving import pipeline, runs, starting

# Seconds of a backfill at a time. Then other runs have their turn, and due stories go first. Ending
# a slice may waste the call in progress.
SLICE = 600
MAX_WAITING = 100  # messages in a queue; the rest is due when they are consumed


@shared_task(
    name="instagram.archive_run",
    base=BaseTask,
    bind=True,
    throws=(runs.LostLease,),
    soft_time_limit=SLICE,
)
def archive_run(self: BaseTask, run_id: str) -> None:
    """Archive a run if it is due and unclaimed. A long run continues in another task.

    Messages of the story queue do not run backfills, which are sent to their own queue.
    """
    queue = (self.request.delivery_info or {}).get("routing_key")
    leaving = starting.BACKFILLS if queue == starting.STORIES else ()
    run = runs.claim(UUID(run_id), now=timezone.now())
    if run is None:
        return
    try:
        pipeline.archive(run, leaving=leaving)
    except (SoftTimeLimitExceeded, runs.LeftToOthers):
        # Released first, because another worker may receive the message at once.
        runs.release(run)
        starting.pass_on(run, now=timezone.now())


@shared_task(name="instagram.sweep_runs", base=BaseTask, expires=60)
def sweep_runs() -> None:
    """Send messages for due runs, after lost messages, dead workers and pauses.

    Each queue has a limit of its own, so that no queue starves another. A backlog stays in
    PostgreSQL, however often the sweep runs. Sends one statement for each queue below its limit.
    """
    now = timezone.now()
    for queue in starting.QUEUES:
        room = max(0, MAX_WAITING - waiting(queue))
        for run_id in starting.due(queue, now=now).values_list("pk", flat=True)[:room]:
            send("instagram.archive_run", str(run_id), queue=queue)
