"""One simulator of the edge cases for all tests; it is reset before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.simulator import process
from lab.simulator.process import SimulatorProcess
from tests.support.simulator_calls import Caller


@pytest.fixture(scope="session")
def running() -> Iterator[SimulatorProcess]:
    """The shared simulator. Tests use `simulator`, which is reset."""
    with process.start(world="edges", seed="tests") as started:
        yield started


@pytest.fixture
def simulator(running: SimulatorProcess) -> SimulatorProcess:
    """A simulator of the world `edges` without edits, faults and counts."""
    running.control.reset()
    return running


@pytest.fixture
def api(simulator: SimulatorProcess) -> Caller:
    return Caller(simulator.core_api_url, simulator.token)
