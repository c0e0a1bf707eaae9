"""Worker heartbeats that are not delayed by the worker's tasks."""

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
"""Seconds between two heartbeats."""
THREAD = "heartbeat"


class Heartbeat(bootsteps.StartStopStep):
    """A Celery bootstep that sends heartbeats while the consumer is connected to its queues.

    A timer of the main process's event loop triggers them, so tasks in child processes cannot delay
    them. Celery stops this step with the broker connection and starts it with the next one. kombu
    drops half-open connections (`maybe_check_brpop_health`).
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._timer: Any = None
        self._writer = threading.Thread()

    def start(self, consumer: Any) -> None:
        queues = sorted(consumer.app.amqp.queues.consume_from)
        self._timer = consumer.timer.call_repeatedly(
            INTERVAL, self.beat, (consumer.hostname, queues)
        )
        self.beat(consumer.hostname, queues)

    def stop(self, _consumer: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def beat(self, worker: str, queues: list[str]) -> None:
        """Write the heartbeat in a thread: a hanging database must not block the event loop."""
        if not self._writer.is_alive():
            self._writer = threading.Thread(
                target=write, args=(worker, queues), name=THREAD, daemon=True
            )
            self._writer.start()


def write(worker: str, queues: list[str]) -> None:
    """Write the heartbeat over a connection that forked children do not inherit."""
    try:
        WorkerHeartbeat.beat(worker, queues)
    except DatabaseError as error:
        log.warning("heartbeat.not_written", error=type(error).__name__)
    finally:
        connection.close()
