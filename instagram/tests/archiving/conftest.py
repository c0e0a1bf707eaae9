"""A real provider on the loopback address for the pipeline's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import stamina
from celery import current_app
from celery.signals import before_task_publish
from django.db import connections
from pytest_django import Settings

from instagram.archiving import starting
from lab.simulator.client import SimulatorControl
from lab.simulator.process import SimulatorProcess
from tests.support.running import Start


@pytest.fixture
def provider(
    simulator_process: SimulatorProcess, settings: Settings, media_folder: Path
) -> Iterator[SimulatorControl]:
    """The simulator as the configured Core API, new for each test. Retries do not wait."""
    settings.CORE_API_URL = simulator_process.core_api_url
    settings.CORE_API_TOKEN = simulator_process.token
    settings.MEDIA_TRUSTED_HOSTS = frozenset({simulator_process.cdn_host})
    with stamina.set_testing(True, attempts=3):
        yield simulator_process.control
    simulator_process.control.reset()


@pytest.fixture
def empty_queues() -> None:
    """Empty the queues, because messages of other tests may be left."""
    with current_app.connection_for_write() as broker:
        channel: Any = broker.channel()
        for queue in starting.QUEUES:
            channel.queue_purge(queue)


@pytest.fixture
def run_queues() -> Iterator[dict[str, str]]:
    """The queue of each run that was sent."""
    found: dict[str, str] = {}

    def note(routing_key: str, body: Any, **_: object) -> None:
        found[str(body[0][0])] = routing_key

    before_task_publish.connect(note, sender="instagram.archive_run", weak=False)
    yield found
    before_task_publish.disconnect(note, sender="instagram.archive_run")


@pytest.fixture
def configured(settings: Settings) -> None:
    """A configured Core API that no test calls."""
    settings.CORE_API_URL = "https://core.example"
    settings.CORE_API_TOKEN = "made-up"


@pytest.fixture
def meanwhile() -> Iterator[Start]:
    """An executor whose thread has its own database connection."""

    def disconnecting(work: Callable[[], object]) -> object:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        yield lambda work: threads.submit(disconnecting, work)
