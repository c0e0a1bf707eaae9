"""Worker heartbeats."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from celery import Celery
from django.db import connection, transaction
from kombu.asynchronous.timer import Timer

from config.celery_app import app
from core import heartbeats
from core.heartbeats import Heartbeat
from core.models import WorkerHeartbeat
from tests.support.waiting import lock_is_awaited, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def queue_app() -> Celery:
    """An application whose worker reads two queues."""
    other = Celery("sample", set_as_current=False)
    other.amqp.queues.select(["stories", "default"])
    return other


@dataclass
class FakeConsumer:
    """Celery's argument to a bootstep: the worker's name, its queues and a timer."""

    hostname: str = "worker@here"
    app: Celery = field(default_factory=queue_app)
    timer: Timer = field(default_factory=Timer)


@pytest.fixture
def consumer() -> Iterator[FakeConsumer]:
    """A consumer whose last heartbeat is written before the test ends."""
    yield FakeConsumer()
    for writer in writers():
        writer.join()


def writers() -> list[threading.Thread]:
    """The threads that write heartbeats."""
    return [thread for thread in threading.enumerate() if thread.name == heartbeats.THREAD]


def test_every_worker_has_the_step() -> None:
    assert "core.heartbeats:Heartbeat" in app.steps["consumer"]


def test_a_worker_that_starts_to_read_shows_its_queues(consumer: FakeConsumer) -> None:
    Heartbeat(consumer).start(consumer)

    wait_until(WorkerHeartbeat.anyone_alive)
    assert WorkerHeartbeat.objects.get().queues == ["default", "stories"]


def test_the_event_loop_sends_the_next_heartbeat(consumer: FakeConsumer) -> None:
    Heartbeat(consumer).start(consumer)

    (entry,) = consumer.timer.queue

    wait_until(WorkerHeartbeat.anyone_alive)
    wait_until(lambda: not writers())  # a beat is left out while the last one is written
    WorkerHeartbeat.objects.all().delete()
    entry.entry()
    wait_until(WorkerHeartbeat.anyone_alive)
    assert WorkerHeartbeat.objects.get().queues == ["default", "stories"]


def test_a_worker_that_stops_reading_sends_no_heartbeat(consumer: FakeConsumer) -> None:
    step = Heartbeat(consumer)
    step.start(consumer)
    (entry,) = consumer.timer.queue

    step.stop(consumer)

    assert entry.entry.canceled


def test_a_hanging_database_does_not_block_the_event_loop(consumer: FakeConsumer) -> None:
    step = Heartbeat(consumer)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE core_workerheartbeat")
        for _ in range(3):
            step.beat("worker@here", ["default"])
        wait_until(lock_is_awaited)

        assert len(writers()) == 1
