"""`python -m embedded serve`: the whole application on one data folder."""

from __future__ import annotations

import os
import signal
import subprocess
import urllib.request
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import pytest

from embedded import ports
from embedded.tests.conftest import Runner, running

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks into /proc")

A_PROGRAM_THAT_ENDS = """
import os, sys
from pathlib import Path
from embedded.folder import Folder
from embedded.processes import Program
from embedded.serve import exclusive
with exclusive(Folder(Path(os.environ["INSTARCHIVER_DATA"]))) as owner:
    owner.start(Program("lasting", ["sleep", "60"]))
    owner.start(Program("sample", ["sh", "-c", "exit 3"]))
    owner.watch()
"""


@dataclass(frozen=True)
class FirstStart:
    """What a command printed that ran meanwhile, and what the server said before it served."""

    command: subprocess.CompletedProcess[str]
    said: list[str]


def serve(runner: Runner) -> subprocess.Popen[str]:
    """Start serving on a port of its own; return once it says where it serves."""
    runner.variables["PORT"] = str(ports.any_free())
    server = runner.start("serve")
    assert server.stdout is not None
    for line in server.stdout:
        if line.startswith("Serving"):
            return server
    raise AssertionError(f"ended with status {server.wait()}")


def test_it_answers_until_ctrl_c_and_leaves_no_process(runner: Runner) -> None:
    server = serve(runner)
    health = f"http://127.0.0.1:{runner.variables['PORT']}/api/docs/"
    with urllib.request.urlopen(health) as answer:
        assert answer.status == 200

    os.killpg(server.pid, signal.SIGINT)

    assert server.wait(timeout=60) == 0
    assert runner.processes() == []


def test_one_program_that_ends_ends_all(runner: Runner) -> None:
    result = runner.python_alone(A_PROGRAM_THAT_ENDS)

    assert "sample ended with status 3" in result.stdout
    assert runner.processes() == []


def test_a_second_server_on_the_same_data_is_refused(runner: Runner) -> None:
    runner.hold()

    result = runner.run("serve")

    assert result.returncode == 2
    assert "Another command is using" in result.stdout


@pytest.fixture(scope="module")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> FirstStart:
    """A start on an empty data folder, without an address of the Core API."""
    with running(tmp_path_factory.mktemp("first") / "data") as runner:
        runner.variables |= {"CORE_API_URL": "", "CORE_API_TOKEN": ""}
        runner.variables["PORT"] = str(ports.any_free())
        server = runner.start("serve")
        assert server.stdout is not None
        assert server.stdout.readline().startswith("Starting")
        command = runner.run("manage", "archive", "natgeo")
        said = takewhile(lambda line: not line.startswith("Serving"), server.stdout)
        return FirstStart(command, list(said))


def test_a_command_during_the_first_start_waits_for_the_tables(first_start: FirstStart) -> None:
    assert first_start.command.returncode == 0
    assert "natgeo: queued" in first_start.command.stdout


def test_the_first_start_says_where_to_set_an_address(first_start: FirstStart) -> None:
    assert "set CORE_API_URL" in first_start.said[0]
