"""A sandbox on the services of the tests. Only its own processes are killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from config.celery_app import app
from lab.faults.sandbox import Sandbox
from lab.simulator.process import SimulatorProcess


@pytest.fixture
def sandbox(
    simulator_process: SimulatorProcess,
    settings: Settings,
    media_folder: Path,
    tmp_path: Path,
    transactional_db: None,
) -> Iterator[Sandbox]:
    app.loader.import_default_modules()
    settings.CORE_API_URL = simulator_process.core_api_url
    settings.CORE_API_TOKEN = simulator_process.token
    settings.MEDIA_TRUSTED_HOSTS = frozenset({simulator_process.cdn_host})
    yield Sandbox(simulator_process.control, tmp_path / "cases")
    simulator_process.control.reset()
