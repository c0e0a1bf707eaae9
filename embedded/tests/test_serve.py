"""`python -m embedded serve`: the whole application on one data folder."""

from __future__ import annotations

import os
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest

from embedded import ports
from embedded.tests.conftest import Runner

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks into /proc")


def serve(runner: Runner) -> subprocess.Popen[str]:
    """Start serving on a port of its own; return once it says where it serves."""
    runner.variables["PORT"] = str(ports.any_free())
    server = runner.start("serve")
    assert server.stdout is not None
    for line in server.stdout:
        if line.startswith("Serving"):
            return server
    raise AssertionError(f"ended with status {server.wait()}")


def scheduler(runner: Runner) -> int:
    """The process that sends what is due."""
    return next(
        pid
        for pid in runner.processes()
        if b"\0beat\0" in (Path("/proc") / str(pid) / "cmdline").read_bytes()
    )


def test_it_answers_until_ctrl_c_and_leaves_no_process(runner: Runner) -> None:
    server = serve(runner)
    health = f"http://127.0.0.1:{runner.variables['PORT']}/api/docs/"
    with urllib.request.urlopen(health) as answer:
        assert answer.status == 200

    os.killpg(server.pid, signal.SIGINT)

    assert server.wait(timeout=60) == 0
    assert runner.processes() == []


def test_one_program_that_ends_ends_all(runner: Runner) -> None:
    server = serve(runner)

    os.kill(scheduler(runner), signal.SIGKILL)
    output, _ = server.communicate(timeout=60)

    assert (server.returncode, output.splitlines()[0]) == (1, "beat ended with status -9.")
    assert runner.processes() == []


def test_a_second_server_on_the_same_data_is_refused(runner: Runner) -> None:
    runner.hold()

    result = runner.run("serve")

    assert result.returncode == 2
    assert "Another command is using" in result.stdout
