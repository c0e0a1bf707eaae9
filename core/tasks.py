"""The base class of all Celery tasks: time limits, bounded redelivery, log context."""

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
"""The message header with the Unix time at which it was sent."""


class BaseTask(Task):  # type: ignore[type-arg]  # celery-types: generic at check time only
    """A task whose worker was killed is redelivered at most twice and then fails.

    `reject_on_worker_lost` would requeue a task that kills its worker forever. A retry after a lost
    worker is counted.
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
    """Add the time of sending to each message, from which `/health/` computes its age."""
    headers[SENT_AT] = time.time()


def send(name: str, *arguments: str | int, queue: str | None = None) -> None:
    """Send a message to a worker. A failure is only logged.

    Without a queue, CELERY_TASK_ROUTES decides. The work is stored in PostgreSQL, so the next sweep
    finds it even if the message was lost.
    """
    try:
        current_app.send_task(name, args=arguments, queue=queue, retry=False)
    except OperationalError as error:
        log.warning("task.not_sent", task=name, error=type(error).__name__)


def waiting(queue: str) -> int:
    """The number of messages in the queue. Raises the broker client's errors."""
    with current_app.connection_for_write() as broker:
        channel: Any = broker.channel()  # The channel's type lacks queue_declare.
        size: int = channel.queue_declare(queue=queue).message_count
    return size


def send_on_commit(name: str, *arguments: str | int, queue: str | None = None) -> None:
    """Send the message after the current transaction commits."""
    transaction.on_commit(partial(send, name, *arguments, queue=queue))
