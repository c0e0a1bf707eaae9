"""Archive runs as tasks: a message is only a nudge, the row decides."""

from __future__ import annotations

from uuid import UUID

from billiard.exceptions import SoftTimeLimitExceeded
from celery import shared_task
from django.utils import timezone

from core.tasks import BaseTask, send, waiting
from instagram.archiving import pipeline, runs, starting

# Seconds of a backfill at a time: then others have their turn, and stories that have become due
# since go first. The end of a slice may cost the call that was under way.
SLICE = 600
MAX_WAITING = 100  # messages in a queue; what is left is due when they are taken


@shared_task(
    name="instagram.archive_run",
    base=BaseTask,
    bind=True,
    throws=(runs.LostLease,),
    soft_time_limit=SLICE,
)
def archive_run(self: BaseTask, run_id: str) -> None:
    """Archive a run if it is due and nobody is at it; a long one goes on in another task.

    A message from the queue of the stories stands for no backfill: that goes to its own queue.
    """
    queue = (self.request.delivery_info or {}).get("routing_key")
    leaving = starting.BACKFILLS if queue == starting.STORIES else ()
    run = runs.claim(UUID(run_id), now=timezone.now())
    if run is None:
        return
    try:
        pipeline.archive(run, leaving=leaving)
    except (SoftTimeLimitExceeded, runs.LeftToOthers):
        runs.release(run)
        starting.pass_on(run, now=timezone.now())


@shared_task(name="instagram.sweep_runs", base=BaseTask, expires=60)
def sweep_runs() -> None:
    """Nudge the runs that are due: lost messages, dead workers, pauses that are over.

    Each queue has room of its own, so that none starves another, and is only filled up: a backlog
    stays in PostgreSQL, however often it is swept. Sends one statement for each queue with room.
    """
    now = timezone.now()
    for queue in starting.QUEUES:
        room = max(0, MAX_WAITING - waiting(queue))
        for run_id in starting.due(queue, now=now).values_list("pk", flat=True)[:room]:
            send("instagram.archive_run", str(run_id), queue=queue)
