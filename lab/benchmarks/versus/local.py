"""Memory and start of `./dev serve` and `./dev demo`."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.benchmarks.versus import processes
from lab.benchmarks.versus.reads import get
from lab.benchmarks.versus.revisions import Revision
from lab.benchmarks.versus.table import Line

ROUNDS = 3
REST = 15.0
"""Seconds after which the programs of `./dev serve` have loaded everything."""
PATIENCE = 120.0
MEMORY_GOAL = 0.55
START_GOAL = 0.5
EMBEDDED = ("DATABASE_URL", "REDIS_URL")


def measure(old: Revision, new: Revision) -> Iterator[Line]:
    """Start both in turns, with their embedded services and fresh data folders."""
    both = (old, new)
    for revision in both:
        _first_file(revision)  # the environment of a fresh checkout still compiles its modules
    firsts = [[_first_file(each) for each in both] for _ in range(ROUNDS)]
    yield _line("demo: seconds to the first file", firsts)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        folders = list(zip(both, (one, other), strict=True))
        before, after = (_rest(*each) for each in folders)
        yield Line("serve at rest: MB", before, after, most=MEMORY_GOAL)
        warm = [[_first_answer(*each) for each in folders] for _ in range(ROUNDS)]
        yield _line("serve again: seconds to the first answer", warm)


def _line(work: str, rounds: list[list[float]]) -> Line:
    old, new = (statistics.median(each) for each in zip(*rounds, strict=True))
    return Line(work, old, new, most=START_GOAL)


def _first_file(revision: Revision) -> float:
    """Seconds from the command until a file is in the store."""
    with tempfile.TemporaryDirectory() as data:
        began = time.monotonic()
        with embedded(revision, data, "demo", "--exit"):
            _until(lambda: any(Path(data, "media").glob("??/*")))
            return time.monotonic() - began


def _first_answer(revision: Revision, data: str) -> float:
    began = time.monotonic()
    with embedded(revision, data, "serve") as (_, port):
        _until(lambda: _answers(port))
        return time.monotonic() - began


def _rest(revision: Revision, data: str) -> float:
    with embedded(revision, data, "serve") as (pid, port):
        _until(lambda: _answers(port))
        time.sleep(REST)
        return sum(processes.memory_mb(pid).values())


@contextmanager
def embedded(revision: Revision, data: str, *words: str) -> Iterator[tuple[int, int]]:
    """Run a command of `./dev`; yields its process id and its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    inherited = {name: text for name, text in os.environ.items() if name not in EMBEDDED}
    variables = {**inherited, "INSTARCHIVER_DATA": data, "PORT": str(port)}
    with subprocess.Popen(  # noqa: S603  ours
        [revision.python, "-m", "embedded", *words],
        cwd=revision.folder,
        env=variables | {"PYTHONPYCACHEPREFIX": str(revision.folder / ".venv" / "compiled")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process.pid, port
        finally:
            process.send_signal(signal.SIGTERM)


def _answers(port: int) -> bool:
    try:
        get(http.client.HTTPConnection(f"127.0.0.1:{port}", timeout=5), "/instagram/statistic/")
    except OSError:
        return False
    return True


def _until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > deadline:
            raise SystemExit(f"nothing after {PATIENCE:.0f} s")
        time.sleep(0.02)
