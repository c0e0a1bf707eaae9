"""Programs that are started, watched and stopped."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from embedded import processes
from embedded.errors import ServiceFailed
from embedded.processes import Program, Service

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(60)
"""


def start(code: str, log: Path, standard_input: bytes = b"") -> Service:
    program = Program("sample", [sys.executable, "-c", code], standard_input=standard_input)
    return processes.start(program, log=log, environment=os.environ)


def test_a_program_that_ended_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    service = start("raise SystemExit('the reason')", tmp_path / "sample.log")
    service.process.wait()

    with pytest.raises(ServiceFailed, match=r"sample ended with status 1(.|\n)*the reason"):
        service.check()


def test_a_program_that_is_never_ready_is_reported(tmp_path: Path) -> None:
    service = start("import time; time.sleep(60)", tmp_path / "sample.log")

    with pytest.raises(ServiceFailed, match="not ready after 0 s"):
        processes.wait_until(lambda: False, service=service, seconds=0)

    processes.stop_all([service], grace=5)


def test_a_program_that_ignores_the_stop_signal_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "sample.log"
    service = start(STUBBORN, log)
    processes.wait_until(lambda: "up" in log.read_text(), service=service, seconds=10)

    processes.stop_all([service], grace=0.1)

    assert service.process.returncode == -9


def test_a_program_gets_its_standard_input(tmp_path: Path) -> None:
    log = tmp_path / "sample.log"

    start("print(input())", log, standard_input=b"words\n").process.wait()

    assert log.read_text() == "words\n"


def test_the_log_of_the_previous_start_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "sample.log"
    start("print('first')", log).process.wait()

    start("print('second')", log).process.wait()

    assert (log.read_text(), log.with_suffix(".log.1").read_text()) == ("second\n", "first\n")


@pytest.mark.parametrize(("returned", "status"), [(0, 0), (3, 3), (-15, 143)])
def test_the_exit_status_is_that_of_a_shell(returned: int, status: int) -> None:
    assert processes.exit_status(returned) == status
