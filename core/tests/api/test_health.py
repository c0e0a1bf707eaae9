"""The health report."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from core.models import WorkerHeartbeat


@pytest.fixture
def healthy(db: None, settings: Settings, tmp_path: Path) -> None:
    """Everything works: a worker has beaten, and there is a place for files."""
    WorkerHeartbeat.beat("worker@somewhere")
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.mark.usefixtures("healthy")
def test_everything_works(api: APIClient) -> None:
    response = api.get("/health/")

    assert response.status_code == 200
    assert response.json() == {"database": "ok", "redis": "ok", "storage": "ok", "worker": "ok"}


@pytest.mark.usefixtures("healthy")
def test_a_silent_worker_is_told_apart(api: APIClient) -> None:
    WorkerHeartbeat.objects.update(beaten_at=timezone.now() - timedelta(minutes=2))

    response = api.get("/health/")

    assert (response.status_code, response.json()["worker"]) == (503, "unavailable")
    assert response.json()["database"] == "ok"


@pytest.mark.usefixtures("healthy")
def test_a_dead_redis_is_told_apart(api: APIClient, settings: Settings) -> None:
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    }

    response = api.get("/health/")

    assert (response.status_code, response.json()["redis"]) == (503, "unavailable")


@pytest.mark.usefixtures("healthy")
def test_a_storage_that_takes_no_files_is_told_apart(
    api: APIClient, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    settings.MEDIA_ROOT = tmp_path / "file"

    response = api.get("/health/")

    assert (response.status_code, response.json()["storage"]) == (503, "unavailable")


@pytest.mark.usefixtures("healthy")
def test_strangers_learn_no_names(api: APIClient) -> None:
    assert b"somewhere" not in api.get("/health/").content


@pytest.mark.usefixtures("healthy")
def test_an_old_token_does_not_matter(api: APIClient) -> None:
    api.credentials(HTTP_AUTHORIZATION="Bearer broken")

    assert api.get("/health/").status_code == 200
