"""The base task: limits, bounded redelivery and log context for every Celery task."""

from __future__ import annotations

from typing import Any

import structlog
from celery import Task, shared_task

from core.middleware import request_id
from core.models import WorkerHeartbeat


class BaseTask(Task):  # type: ignore[type-arg]  # celery-types: generic at check time only
    """A task killed with its worker is delivered again at most twice, then fails.

    `reject_on_worker_lost` would requeue a poison task for ever; retrying on a lost worker counts.
    """

    abstract = True
    acks_late = True
    max_retries = 2
    task_retry_on_worker_lost = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        identifier = self.request.id or ""
        token = request_id.set(identifier)
        try:
            with structlog.contextvars.bound_contextvars(task=self.name, task_id=identifier):
                return super().__call__(*args, **kwargs)
        finally:
            request_id.reset(token)


@shared_task(name="core.heartbeat", base=BaseTask, bind=True, expires=60)
def heartbeat(self: BaseTask) -> None:
    """Show that beat, broker, worker and database work together."""
    WorkerHeartbeat.beat(self.request.hostname or "unnamed")
