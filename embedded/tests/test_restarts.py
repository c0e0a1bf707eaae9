"""Programs that are restarted."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded import processes
from embedded.errors import ServiceFailed
from embedded.processes import Program, eventually
from embedded.restarts import RestartedProgram, RestartPolicy

AT_ONCE = RestartPolicy(first_pause=0)


@pytest.fixture
def child(tmp_path: Path) -> Iterator[RestartedProgram]:
    """A program that writes its process id to its log and keeps running."""
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    program = Program("sample", [sys.executable, "-c", code])
    service = processes.start(program, log=tmp_path / "sample.log", environment=os.environ)
    child = RestartedProgram(service)
    yield child
    processes.stop_all([child.service], grace=5)


def die(child: RestartedProgram) -> None:
    child.service.process.send_signal(signal.SIGKILL)
    child.service.process.wait()


def test_each_pause_is_twice_as_long() -> None:
    assert [RestartPolicy().pause(deaths) for deaths in range(1, 6)] == [1, 2, 4, 8, None]


def test_a_program_that_runs_is_left_alone(child: RestartedProgram) -> None:
    before = child.service

    assert not child.tend(AT_ONCE)
    assert child.service is before


def test_a_program_that_exited_is_reported_and_started_again(
    child: RestartedProgram, capsys: pytest.CaptureFixture[str]
) -> None:
    before = child.service.process.pid
    die(child)

    assert eventually(lambda: child.tend(AT_ONCE), seconds=5)

    assert child.service.process.pid != before
    assert "sample ended with status -9; starting it again" in capsys.readouterr().err


def test_the_log_contains_every_start(child: RestartedProgram) -> None:
    pids = [child.service.process.pid]
    for _ in range(3):
        assert eventually(lambda: str(pids[-1]) in child.service.log.read_text(), seconds=5)
        die(child)
        assert eventually(lambda: child.tend(AT_ONCE), seconds=5)
        pids.append(child.service.process.pid)

    assert eventually(lambda: child.service.log.read_text().split() == [*map(str, pids)], seconds=5)


def test_a_program_is_not_started_before_its_pause_is_over(child: RestartedProgram) -> None:
    die(child)

    assert not eventually(lambda: child.tend(RestartPolicy(first_pause=60)), seconds=0.2)


def test_the_final_exit_raises_an_error_with_the_reason(child: RestartedProgram) -> None:
    policy = RestartPolicy(first_pause=0, max_deaths=2)
    die(child)
    assert eventually(lambda: child.tend(policy), seconds=5)
    die(child)

    with pytest.raises(ServiceFailed, match=r"2 times within 60 s: sample ended with status -9"):
        child.tend(policy)


def test_exits_of_long_ago_do_not_count(child: RestartedProgram) -> None:
    policy = RestartPolicy(first_pause=0, max_deaths=2, window=0)
    for _ in range(3):
        die(child)
        assert eventually(lambda: child.tend(policy), seconds=5)


def test_the_children_of_an_exited_program_end_before_the_next_start(
    child: RestartedProgram, tmp_path: Path
) -> None:
    number = tmp_path / "number"
    script = f"sleep 60 & echo $! > {number}; kill -9 $$"
    program = Program("sample", ["sh", "-c", script])
    parent = processes.start(program, log=tmp_path / "parent.log", environment=os.environ)
    parent.process.wait()

    RestartedProgram(parent).tend(AT_ONCE)

    assert eventually(lambda: not is_running(int(number.read_text())), seconds=5)


def is_running(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rsplit(")", 1)[1].split()[0] != "Z"
