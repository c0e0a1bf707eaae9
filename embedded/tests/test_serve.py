"""`python -m embedded serve`: the whole application on one data folder."""

from __future__ import annotations

import os
import signal
import subprocess
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from itertools import takewhile
from pathlib import Path

import pytest

from embedded import ports
from embedded.tests.conftest import Runner, running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks into /proc"),
]

A_PROGRAM_THAT_ENDS = """
import os, sys
from pathlib import Path
from embedded.folder import Folder
from embedded.processes import Program
from embedded.restarts import RestartPolicy
from embedded.serve import exclusive
with exclusive(Folder(Path(os.environ["INSTARCHIVER_DATA"]))) as owner:
    owner.start(Program("lasting", ["sleep", "60"]))
    owner.start(Program("sample", ["sh", "-c", "exit 3"]))
    owner.restarts = RestartPolicy(first_pause=0.01)
    owner.watch()
"""


@dataclass(frozen=True)
class FirstStart:
    """A start on an empty data folder, without a Core API URL, stopped by Ctrl-C."""

    # Printed by the server before it served.
    said: list[str]
    # `./dev manage archive`, entered before the tables existed.
    command: subprocess.CompletedProcess[str]
    answered: int
    ended: int
    # Processes that survived it.
    left: list[int]


@pytest.fixture(scope="module")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> FirstStart:
    """One start for all tests, because it is slow."""
    with running(tmp_path_factory.mktemp("first") / "data") as runner:
        port = str(ports.any_free())
        runner.variables |= {"CORE_API_URL": "", "CORE_API_TOKEN": "", "PORT": port}
        server = runner.start("serve")
        assert server.stdout is not None
        assert server.stdout.readline().startswith("Starting")
        command = runner.run("manage", "archive", "natgeo")
        said = [*takewhile(lambda line: not line.startswith("Serving"), server.stdout)]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/docs/") as answer:
            answered = answer.status
        os.killpg(server.pid, signal.SIGINT)
        ended = server.wait(timeout=60)
        return FirstStart(said, command, answered, ended, runner.processes())


def test_a_command_during_the_first_start_waits_for_the_tables(first_start: FirstStart) -> None:
    assert first_start.command.returncode == 0
    assert "natgeo: queued" in first_start.command.stdout


def test_the_first_start_says_where_to_set_an_address(first_start: FirstStart) -> None:
    assert "set CORE_API_URL" in first_start.said[0]


def test_it_answers_until_ctrl_c_and_leaves_no_process(first_start: FirstStart) -> None:
    assert first_start.answered == HTTPStatus.OK
    assert first_start.ended == 0
    assert first_start.left == []


def test_a_program_that_keeps_exiting_ends_the_command(runner: Runner) -> None:
    result = runner.python_alone(A_PROGRAM_THAT_ENDS)

    assert result.stdout.count("sample ended with status 3; starting it again") == 4
    assert "5 times within 60 s: sample ended with status 3" in result.stdout
    assert runner.processes() == []


def test_a_second_server_on_the_same_data_is_refused(runner: Runner) -> None:
    runner.hold()

    result = runner.run("serve")

    assert result.returncode == 2
    assert "Another command is using" in result.stdout
