"""The health report."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis
from celery import current_app
from django.conf import settings as current
from django.db import connection
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from pytest_django import Settings
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory

from core import schedules
from core.api.health import HealthView
from core.health import CHECKS, waiting_for
from core.models import WorkerHeartbeat
from core.probe import Probe
from core.tasks import send

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "api_log"]),
    pytest.mark.usefixtures("healthy"),
]
WORDS = ("database", "redis", "storage", "worker", "beat", "queues")


@pytest.fixture
def healthy(own_cache: None, settings: Settings, tmp_path: Path) -> None:
    """Everything works: worker and beat gave signs of life, no message waits, files have room."""
    WorkerHeartbeat.beat("worker@somewhere", settings.QUEUES)
    schedules.sync()
    PeriodicTask.objects.update(last_run_at=timezone.now())
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MEDIA_MIN_FREE_BYTES = 1
    with current_app.connection_for_write() as broker:
        channel: Any = broker.channel()
        for queue in settings.QUEUES:
            channel.queue_purge(queue)


def ask(timeout: float = 10) -> Response:
    """The answer of a process that was not asked before."""
    view = HealthView.as_view(probe=Probe(CHECKS, timeout=timeout))
    return view(APIRequestFactory().get("/health/"))


def ailing() -> list[str]:
    """The parts that are unavailable, of which each makes the answer a 503."""
    response = ask()
    found = [word for word in WORDS if response.data[word] == "unavailable"]
    assert response.status_code == (503 if found else 200)
    return found


def test_everything_works(api: APIClient) -> None:
    response = api.get("/health/")

    assert {*WORDS} < {*response.json()}
    assert ailing() == []


def test_a_worker_without_heartbeat_is_reported() -> None:
    WorkerHeartbeat.objects.update(beaten_at=timezone.now() - timedelta(minutes=2))

    assert ailing() == ["worker", "queues"]


@pytest.mark.parametrize("queue", current.QUEUES)
def test_a_queue_without_a_live_worker_is_reported(settings: Settings, queue: str) -> None:
    WorkerHeartbeat.beat("worker@somewhere", [each for each in settings.QUEUES if each != queue])

    assert ailing() == ["queues"]


@pytest.mark.parametrize("last", [None, timezone.now() - timedelta(minutes=2)])
def test_a_beat_that_sent_nothing_recently_is_reported(last: Any) -> None:
    PeriodicTask.objects.update(last_run_at=last)

    assert ailing() == ["beat"]


def test_the_age_of_beat_is_reported_in_seconds() -> None:
    PeriodicTask.objects.update(last_run_at=timezone.now() - timedelta(seconds=30))

    assert ask().data["beat_age_seconds"] == pytest.approx(30, abs=5)


def test_the_oldest_message_of_each_queue_is_reported_and_kept() -> None:
    send("instagram.dispatch", queue="files")
    first = ask().data["oldest_message_seconds"]
    send("instagram.dispatch", queue="files")

    second = ask().data["oldest_message_seconds"]

    assert 0 <= first["files"] <= second["files"] < 10
    assert [queue for queue, waits in second.items() if waits is not None] == ["files"]


def test_a_message_of_an_older_version_has_no_age() -> None:
    assert waiting_for(json.dumps({"body": "", "headers": {}})) is None


@pytest.fixture
def reader_of_redis() -> Iterator[Callable[[str], str]]:
    """Makes an address at which Redis answers questions and takes no writes, as a replica does."""
    server: Any = redis.Redis.from_url(current.CELERY_BROKER_URL)
    name = f"reader-{uuid.uuid4().hex}"
    server.execute_command("ACL", "SETUSER", name, "on", ">pass", "~*", "+@all", "-@write")

    def address(url: str) -> str:
        parts = urlsplit(url)
        return urlunsplit(parts._replace(netloc=f"{name}:pass@{parts.hostname}:{parts.port}"))

    yield address
    server.acl_deluser(name)


def test_a_read_only_cache_is_reported(
    reader_of_redis: Callable[[str], str], settings: Settings
) -> None:
    default = settings.CACHES["default"]
    settings.CACHES = {"default": {**default, "LOCATION": reader_of_redis(default["LOCATION"])}}

    assert ailing() == ["redis"]


def test_a_read_only_broker_is_reported(
    reader_of_redis: Callable[[str], str], settings: Settings
) -> None:
    settings.CELERY_BROKER_URL = reader_of_redis(settings.CELERY_BROKER_URL)

    assert ailing() == ["redis"]


def test_a_redis_that_accepts_and_never_answers_is_reported(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{frozen.getsockname()[1]}/0"

        response = ask(timeout=0.5)

    assert (response.status_code, response.data["redis"]) == (503, "unavailable")
    assert response.data["database"] == "ok"
    assert response.data["oldest_message_seconds"] is None


@pytest.fixture
def read_only_database(healthy: None) -> Iterator[None]:
    """New connections answer every query and take no writes, as those of a standby."""
    with connection.cursor() as cursor:
        name = connection.ops.quote_name(connection.settings_dict["NAME"])
        cursor.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        yield
        cursor.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")


@pytest.mark.usefixtures("read_only_database")
def test_a_read_only_database_is_reported() -> None:
    assert ailing() == ["database"]


def test_the_check_of_the_database_leaves_no_row() -> None:
    ask()

    assert WorkerHeartbeat.objects.count() == 1


def test_a_read_only_storage_is_reported(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings.MEDIA_ROOT = tmp_path / "file"

    assert ailing() == ["storage"]


def test_a_full_storage_is_reported(settings: Settings) -> None:
    settings.MEDIA_MIN_FREE_BYTES = 2**62

    assert ailing() == ["storage"]


def test_strangers_learn_no_names() -> None:
    assert "somewhere" not in str(ask().data)


def test_an_old_token_does_not_matter(api: APIClient) -> None:
    api.credentials(HTTP_AUTHORIZATION="Bearer broken")

    assert api.get("/health/").status_code in {200, 503}
