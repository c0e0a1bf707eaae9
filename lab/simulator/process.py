"""Starts a simulator in separate processes, for tests and benchmarks."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from lab.simulator.client import SimulatorControl

SECONDS_TO_START = 30
SECONDS_TO_STOP = 10
ROOT = Path(__file__).resolve().parents[2]


class SimulatorFailed(Exception):
    """The simulator did not start. Its error output is on this process's standard error."""


class SimulatorProcess:
    """A running simulator. As a context manager it stops both processes at the end.

    They also exit when this process dies in any way, because their standard input closes.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        ready = _first_line(process)
        self.core_api_url: str = ready["core_api_url"]
        self.cdn_url: str = ready["cdn_url"]
        self.token: str = ready["token"]
        self.control = SimulatorControl(self.core_api_url)

    @property
    def cdn_host(self) -> str:
        """The CDN as `host:port`, in the form of MEDIA_TRUSTED_HOSTS."""
        return self.cdn_url.removeprefix("http://")

    @property
    def pid(self) -> int:
        """The process id of the Core API; the CDN is its child."""
        return self._process.pid

    def stop(self) -> None:
        """Stop both processes and wait for them. Does nothing if they have exited."""
        _end(self._process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def start(*, world: str = "demo", seed: str | int = 1, **options: str | float) -> SimulatorProcess:
    """Start a simulator on free ports and wait until it answers. Raises SimulatorFailed.

    The options are those of `python -m lab.simulator serve` with underscores, such as
    `first_byte_delay_ms=30`.
    """
    command = [sys.executable, "-m", "lab.simulator", "serve", "--stop-with-stdin"]
    for name, value in {"world": world, "seed": seed, **options}.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    # Nothing is written to the standard input. It closes when this process dies, even by SIGKILL.
    process = subprocess.Popen(  # noqa: S603  our own module
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        return SimulatorProcess(process)
    except SimulatorFailed:
        _end(process)
        raise


def _first_line(process: subprocess.Popen[str]) -> dict[str, str]:
    if process.stdout is None:
        raise SimulatorFailed("its output is not captured")
    # readline has no timeout, and a simulator that hangs while starting must not hang the tests.
    readable, _, _ = select.select([process.stdout], [], [], SECONDS_TO_START)
    line = process.stdout.readline() if readable else ""
    if not line:
        raise SimulatorFailed(f"not ready after {SECONDS_TO_START} s, or ended")
    ready: dict[str, str] = json.loads(line)
    return ready


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        # communicate also reads what is left in the pipe, which could block the process's exit.
        process.communicate(timeout=SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
