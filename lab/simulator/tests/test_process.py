"""Starting and stopping: fast, on free ports, without leftovers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

import pytest

from lab.simulator import manifest, process, worlds
from lab.simulator.files import Links
from lab.simulator.payload_formats import View
from lab.simulator.process import ROOT, SimulatorFailed, SimulatorProcess
from tests.support.simulator_calls import cdn_process, fetch


def is_open(url: str) -> bool:
    address = urlsplit(url)
    try:
        socket.create_connection((address.hostname, address.port), timeout=1).close()
    except (ConnectionRefusedError, ConnectionResetError):  # closed, or just being closed
        return False
    return True


def closes(url: str) -> bool:
    """Return whether the port closes within five seconds."""
    deadline = time.monotonic() + 5
    while is_open(url) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_open(url)


def launch(*arguments: str) -> subprocess.Popen[str]:
    """Start another Python process in the project's folder."""
    command = [sys.executable, *arguments]
    return subprocess.Popen(  # noqa: S603  our own arguments
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def first_line(started: subprocess.Popen[str]) -> str:
    assert started.stdout is not None
    return started.stdout.readline()


def wait_for_end(started: SimulatorProcess) -> bool:
    return closes(started.core_api_url) and closes(started.cdn_url)


@pytest.mark.slow
def test_two_simulators_run_side_by_side() -> None:
    with process.start(seed=1) as first, process.start(seed=2) as second:
        addresses = {first.core_api_url, first.cdn_url, second.core_api_url, second.cdn_url}

        assert len(addresses) == 4
        assert first.control.truth() != second.control.truth()


@pytest.mark.slow
def test_the_process_serves_the_world_that_python_generates() -> None:
    world = worlds.demo("5")
    with process.start(world="demo", seed=5) as started:
        expected = manifest.truth(View(world, Links("", "5", 0)), started.control.now())

        assert started.control.truth() == expected


@pytest.mark.slow
def test_a_world_of_any_size_can_be_started() -> None:
    with process.start(world="generated", profiles=2, posts_per_profile=3) as started:
        truth = started.control.truth()

    assert [len(profile["posts"]) for profile in truth.values()] == [3, 3]


@pytest.mark.slow
def test_the_first_byte_can_be_delayed() -> None:
    with process.start(first_byte_delay_ms=200) as started:
        url = started.control.files()["aurora.kitchen"][0]["url"]
        begun = time.perf_counter()
        fetch(url)

    assert time.perf_counter() - begun >= 0.2


@pytest.mark.slow
def test_a_client_that_hangs_up_is_no_error(capfd: pytest.CaptureFixture[str]) -> None:
    with process.start() as started:
        started.control.add_fault("drip", service="cdn", bytes=1000, seconds=0.01)
        url = started.control.files()["aurora.kitchen"][0]["url"]
        with build_opener(ProxyHandler({})).open(url) as response:
            response.read(1)
        time.sleep(0.5)  # many chunks that are not read

    assert capfd.readouterr().err == ""


@pytest.mark.slow
def test_leaving_the_context_stops_both_processes() -> None:
    with process.start() as started:
        pass

    assert not is_open(started.core_api_url)
    assert not is_open(started.cdn_url)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_signal_to_the_first_process_ends_both(number: signal.Signals) -> None:
    with process.start() as started:
        os.kill(started.pid, number)

        assert wait_for_end(started)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_death_of_the_cdn_ends_the_core_api() -> None:
    with process.start() as started:
        os.kill(cdn_process(started), signal.SIGKILL)

        assert closes(started.core_api_url)


STARTER = """
import sys, time
from lab.simulator import process
started = process.start()
print(started.core_api_url, started.cdn_url, flush=True)
time.sleep(60)
"""


@pytest.mark.slow
def test_nothing_is_left_when_the_starting_process_is_killed() -> None:
    with launch("-c", STARTER) as starter:
        urls = first_line(starter).split()
        assert [is_open(url) for url in urls] == [True, True]

        starter.kill()

        assert [closes(url) for url in urls] == [True, True]


@pytest.mark.slow
def test_a_taken_port_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(SimulatorFailed):
            process.start(port=port)


@pytest.mark.slow
def test_the_cdn_runs_alone_too() -> None:
    with launch("-m", "lab.simulator", "cdn", "--stop-with-stdin") as started:
        ready = json.loads(first_line(started))
        answer = fetch(ready["cdn_url"] + "/nothing.jpg")
        started.communicate(timeout=5)

    assert answer.status == 404
    assert started.returncode == 0
