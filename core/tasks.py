"""The base task: limits, bounded redelivery and log context for every Celery task."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import structlog
from celery import Task, current_app
from celery.signals import before_task_publish
from django.db import transaction
from kombu.exceptions import OperationalError

from core.middleware import request_id

log = structlog.get_logger(__name__)

SENT_AT = "sent_at"
"""The header of a message with the time at which it was sent, in seconds since 1970."""


class BaseTask(Task):  # type: ignore[type-arg]  # celery-types: generic at check time only
    """A task killed with its worker is delivered again at most twice, then fails.

    `reject_on_worker_lost` would requeue a poison task for ever; retrying on a lost worker counts.
    """

    abstract = True
    acks_late = True
    max_retries = 2
    retry_on_worker_lost = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        identifier = self.request.id or ""
        token = request_id.set(identifier)
        try:
            with structlog.contextvars.bound_contextvars(task=self.name, task_id=identifier):
                return super().__call__(*args, **kwargs)
        finally:
            request_id.reset(token)


@before_task_publish.connect
def note_time(headers: dict[str, Any], **_: object) -> None:
    """Note in each message when it was sent, as `/health/` tells how long the oldest waits."""
    headers[SENT_AT] = time.time()


def send(name: str, *arguments: str | int, queue: str | None = None) -> None:
    """Nudge a worker. A message that cannot be sent is only logged.

    Without a queue it goes where CELERY_TASK_ROUTES says. PostgreSQL is the queue of record: the
    next sweep finds the work without any message.
    """
    try:
        current_app.send_task(name, args=arguments, queue=queue, retry=False)
    except OperationalError as error:
        log.warning("task.not_sent", task=name, error=type(error).__name__)


def waiting(queue: str) -> int:
    """How many messages no worker has taken yet. Raises what the broker's client raises."""
    with current_app.connection_for_write() as broker:
        channel: Any = broker.channel()  # its type lacks queue_declare
        size: int = channel.queue_declare(queue=queue).message_count
    return size


def send_on_commit(name: str, *arguments: str | int, queue: str | None = None) -> None:
    """Nudge a worker once the transaction around the call is committed."""
    transaction.on_commit(partial(send, name, *arguments, queue=queue))
