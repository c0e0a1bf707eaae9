"""Runs real supervisors on separate data folders."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from embedded.processes import eventually

ROOT = Path(__file__).resolve().parents[2]
ADDRESSES = ("DATABASE_URL", "REDIS_URL")
SHOW_ADDRESSES = (
    "import json, os; print(json.dumps([os.environ[n] for n in ('DATABASE_URL', 'REDIS_URL')]))"
)


@dataclass
class Runner:
    """Runs `python -m embedded` on one data folder, whose name all of its processes carry."""

    data: Path
    variables: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name not in ADDRESSES}
        return {**inherited, "INSTARCHIVER_DATA": str(self.data), **self.variables}

    def start(self, *words: str) -> subprocess.Popen[str]:
        return self.start_python("-m", "embedded", *words)

    def start_python(self, *words: str) -> subprocess.Popen[str]:
        """Start Python for this data folder."""
        process = subprocess.Popen(  # noqa: S603  our own command line
            [sys.executable, *words],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return finished(self.start(*words))

    def python_alone(self, code: str) -> subprocess.CompletedProcess[str]:
        """Run code for this data folder without services."""
        return finished(self.start_python("-c", code))

    def python(self, code: str) -> subprocess.CompletedProcess[str]:
        """Run code with the services of this data folder."""
        return self.run("run", sys.executable, "-c", code)

    def addresses(self) -> list[str]:
        found: list[str] = json.loads(self.python(SHOW_ADDRESSES).stdout)
        return found

    def hold(self, then: str = "") -> subprocess.Popen[str]:
        """Use the services until a line arrives on standard input; return once they run."""
        code = f"print('up', flush=True); input()\n{then}"
        process = self.start("run", sys.executable, "-c", code)
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        return process

    def processes(self) -> list[int]:
        return [pid for pid in process_ids() if is_of(pid, self.data)]

    def all_end(self) -> bool:
        return eventually(lambda: not self.processes(), seconds=15)


def finished(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    output, _ = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, output)


def release(holder: subprocess.Popen[str]) -> None:
    """Let a holder's command end without waiting for the holder."""
    assert holder.stdin is not None
    holder.stdin.write("\n")
    holder.stdin.flush()


def process_ids() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def is_of(process: int, data: Path) -> bool:
    """Whether the process was started for the data folder."""
    proc = Path("/proc") / str(process)
    try:
        facts = (proc / "environ").read_bytes() + (proc / "cmdline").read_bytes()
    except OSError:
        return False
    return bytes(data) in facts


@contextmanager
def running(data: Path) -> Iterator[Runner]:
    """A supervisor's command line on a data folder. All its processes are stopped afterwards."""
    runner = Runner(data)
    try:
        yield runner
    finally:
        for process in runner.started:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Runner]:
    """A supervisor's command line on a folder that does not exist yet."""
    with running(tmp_path / "data") as runner:
        yield runner


@pytest.fixture(scope="session")
def used_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an empty database, shared because creating it is slow."""
    with running(tmp_path_factory.mktemp("earlier") / "data") as runner:
        assert runner.run("run", "true").returncode == 0
        return runner.data


@pytest.fixture
def runner(used_before: Path) -> Iterator[Runner]:
    """A supervisor's command line on the shared folder, which tests must not change."""
    with running(used_before) as runner:
        yield runner


@pytest.fixture
def writer(used_before: Path, tmp_path: Path) -> Iterator[Runner]:
    """A supervisor's command line on a copy of the shared folder."""
    subprocess.run(["cp", "-a", used_before, tmp_path / "data"], check=True)  # noqa: S603, S607  keeps owners
    shutil.rmtree(tmp_path / "data/valkey", ignore_errors=True)
    with running(tmp_path / "data") as runner:
        yield runner
