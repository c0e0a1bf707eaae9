"""The sign of life of a worker, which never waits behind its work."""

from __future__ import annotations

import threading
from typing import Any

import structlog
from celery import bootsteps
from django.db import Error as DatabaseError
from django.db import connection

from core.models import WorkerHeartbeat

log = structlog.get_logger(__name__)

INTERVAL = 10
"""Seconds between two signs of life of a worker."""
THREAD = "heartbeat"


class Heartbeat(bootsteps.StartStopStep):
    """A part of Celery's consumer that beats as long as the consumer reads its queues.

    The event loop of the worker's main process gives the beat, so work in the children delays none.
    Celery stops this step with the connection to the broker and starts it with the next one; kombu
    drops a connection that is half open (`maybe_check_brpop_health`).
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._timer: Any = None
        self._writer = threading.Thread()

    def start(self, consumer: Any) -> None:
        """Beat at once, then regularly."""
        queues = sorted(consumer.app.amqp.queues.consume_from)
        self._timer = consumer.timer.call_repeatedly(
            INTERVAL, self.beat, (consumer.hostname, queues)
        )
        self.beat(consumer.hostname, queues)

    def stop(self, _consumer: Any) -> None:
        """Fall silent."""
        if self._timer is not None:
            self._timer.cancel()

    def beat(self, worker: str, queues: list[str]) -> None:
        """Write the sign in a thread: a database that hangs must not hold up the event loop."""
        if not self._writer.is_alive():
            self._writer = threading.Thread(
                target=write, args=(worker, queues), name=THREAD, daemon=True
            )
            self._writer.start()


def write(worker: str, queues: list[str]) -> None:
    """Write one sign of life over a connection that no forked child inherits."""
    try:
        WorkerHeartbeat.beat(worker, queues)
    except DatabaseError as error:
        log.warning("heartbeat.not_written", error=type(error).__name__)
    finally:
        connection.close()
