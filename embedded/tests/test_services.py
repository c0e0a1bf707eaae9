"""`python -m embedded test` and `services`: what test runs share, and what each has for itself."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from embedded.processes import eventually
from embedded.tests.conftest import SHOW_ADDRESSES, Runner, running

pytestmark = pytest.mark.slow

MAKE_TABLE = """
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("create table if not exists kept ()")
"""
COUNT_TABLES = """
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    print(connection.execute("select count(*) from pg_tables where tablename = 'kept'").fetchone())
"""


@pytest.fixture
def tester(tmp_path: Path) -> Iterator[Runner]:
    """A command line whose test runs and services have a folder of their own."""
    with running(tmp_path / "data") as runner:
        runner.variables["INSTARCHIVER_TEST_DATA"] = str(tmp_path / "test")
        yield runner


def addresses(tester: Runner) -> list[str]:
    found: list[str] = json.loads(tester.run("test", sys.executable, "-c", SHOW_ADDRESSES).stdout)
    return found


def in_test_run(tester: Runner, code: str) -> str:
    return tester.run("test", sys.executable, "-c", code).stdout


@contextmanager
def services(tester: Runner) -> Iterator[subprocess.Popen[str]]:
    """The services of the tests, up."""
    process = tester.start("services")
    assert process.stdout is not None
    assert "run until Ctrl-C" in process.stdout.readline()
    yield process
    process.send_signal(signal.SIGINT)
    process.wait(timeout=30)


def test_runs_use_the_services_while_they_are_up(tester: Runner) -> None:
    with services(tester):
        assert addresses(tester)[0] == addresses(tester)[0]

    assert addresses(tester)[0] != addresses(tester)[0]


def test_two_runs_at_once_have_redis_databases_of_their_own(tester: Runner) -> None:
    show = f"{SHOW_ADDRESSES}; input()"
    with services(tester):
        both = [tester.start("test", sys.executable, "-c", show) for _ in range(2)]
        urls = [json.loads(each.stdout.readline())[1] for each in both if each.stdout]
        for each in both:
            each.communicate("\n", timeout=30)

    assert {urlsplit(url).path for url in urls} == {"/0", "/16"}


def test_two_runs_at_once_start_separate_services(tester: Runner) -> None:
    show = f"{SHOW_ADDRESSES}; input()"
    both = [tester.start("test", sys.executable, "-c", show) for _ in range(2)]
    found = [json.loads(each.stdout.readline()) for each in both if each.stdout]
    for each in both:
        each.communicate("\n", timeout=30)

    assert {*found[0]}.isdisjoint(found[1])


def test_the_next_run_finds_the_databases_of_the_previous_one(tester: Runner) -> None:
    in_test_run(tester, MAKE_TABLE)

    assert in_test_run(tester, COUNT_TABLES) == "(1,)\n"


def test_files_from_before_a_crash_of_the_machine_are_not_used(tester: Runner) -> None:
    in_test_run(tester, MAKE_TABLE)
    note = Path(tester.variables["INSTARCHIVER_TEST_DATA"]) / "runs/0/run/origin"
    note.write_text("another boot")

    assert in_test_run(tester, COUNT_TABLES) == "(0,)\n"


def test_killed_services_are_not_used(tester: Runner) -> None:
    process = tester.start("services")
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.wait()

    assert addresses(tester)[0] != addresses(tester)[0]


def test_another_command_can_stop_the_services(tester: Runner) -> None:
    with services(tester) as process:
        stopped = tester.run("services", "stop")

        assert stopped.returncode == 0
        assert eventually(lambda: process.poll() is not None, seconds=15)


def test_stopping_services_that_do_not_run_is_no_error(tester: Runner) -> None:
    stopped = tester.run("services", "stop")

    assert (stopped.returncode, stopped.stdout) == (0, "The services of the tests do not run.\n")


def test_services_are_started_once(tester: Runner) -> None:
    with services(tester):
        second = tester.run("services")

    assert second.returncode == 2
    assert "./dev services stop" in second.stdout
