"""A real provider on the loopback address for the pipeline's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from simulator.client import SimulatorControl
from simulator.process import SimulatorProcess, start


@pytest.fixture(scope="session")
def simulator_process() -> Iterator[SimulatorProcess]:
    with start(world="edges", seed=1) as process:
        yield process


@pytest.fixture
def provider(
    simulator_process: SimulatorProcess, settings: Settings, tmp_path: Path
) -> Iterator[SimulatorControl]:
    """The simulator as the configured Core API, fresh for each test."""
    settings.CORE_API_URL = simulator_process.core_api_url
    settings.CORE_API_TOKEN = simulator_process.token
    settings.MEDIA_TRUSTED_HOSTS = frozenset({simulator_process.cdn_host})
    settings.MEDIA_ROOT = tmp_path / "media"
    yield simulator_process.control
    simulator_process.control.reset()
