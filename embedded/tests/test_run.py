"""`python -m embedded run`: one command with the services of a data folder."""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from textwrap import indent

import pytest

from embedded.processes import eventually
from embedded.tests.conftest import Runner, release

pytestmark = pytest.mark.slow

USE_BOTH = """
import os, psycopg, redis
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    print(connection.execute("show server_encoding").fetchone()[0])
print(redis.from_url(os.environ["REDIS_URL"]).ping())
"""
WRITE = """
import os, psycopg, redis
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("create table kept as select 42 as number")
redis.from_url(os.environ["REDIS_URL"]).set("kept", "43")
"""
READ = """
import os, psycopg, redis
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    print(connection.execute("select number from kept").fetchone()[0])
print(redis.from_url(os.environ["REDIS_URL"]).get("kept").decode())
"""
READ_WHEN_BACK = f"""
import time
for second in range(15):
    try:
{indent(READ, " " * 8)}
        break
    except (psycopg.OperationalError, redis.ConnectionError):
        time.sleep(1)
"""
linux = pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks into /proc")


def test_a_command_can_use_both_services(runner: Runner) -> None:
    result = runner.python(USE_BOTH)

    assert result.stdout.split() == ["UTF8", "True"]


def test_the_exit_status_of_the_command_is_passed_on(runner: Runner) -> None:
    assert runner.python("raise SystemExit(7)").returncode == 7


def test_psql_comes_with_the_services(runner: Runner) -> None:
    runner.hold()
    runner.variables["PATH"] = "/nowhere"

    result = runner.run("manage", "dbshell", "--", "-tAc", "select 41 + 1")

    assert result.stdout == "42\n"


def test_a_given_address_switches_off_only_its_own_service(writer: Runner) -> None:
    writer.variables["REDIS_URL"] = "redis://given.example:1"

    database, redis = writer.addresses()

    assert redis == "redis://given.example:1"
    assert database.startswith("postgresql://")
    assert not (writer.data / "valkey").exists()


def test_a_second_command_uses_the_services_of_the_first(runner: Runner) -> None:
    runner.hold()

    assert runner.addresses() == runner.addresses()


def test_the_first_command_keeps_its_services_for_a_second(runner: Runner) -> None:
    first = runner.hold()
    second = runner.hold(then=USE_BOTH)

    release(first)
    output, _ = second.communicate("\n", timeout=30)

    assert output.split() == ["UTF8", "True"]


def test_two_data_folders_have_services_of_their_own(runner: Runner, writer: Runner) -> None:
    runner.hold()

    assert set(writer.addresses()).isdisjoint(runner.addresses())


def test_the_second_start_finds_the_data(writer: Runner) -> None:
    writer.python(WRITE)

    assert writer.python(READ).stdout.split() == ["42", "43"]


@linux
def test_no_process_is_left_behind(runner: Runner) -> None:
    runner.addresses()

    assert runner.processes() == []


@linux
def test_all_processes_end_with_a_killed_supervisor(runner: Runner) -> None:
    supervisor = runner.hold()

    supervisor.kill()

    assert runner.all_end()


@linux
def test_a_start_after_everything_was_killed_finds_the_data(writer: Runner) -> None:
    writer.python(WRITE)
    writer.hold()
    for process in writer.processes():
        with suppress(ProcessLookupError):  # some end as soon as another has
            os.kill(process, signal.SIGKILL)

    assert writer.python(READ).stdout.split() == ["42", "43"]


@pytest.mark.parametrize("name", ["postgres", "others"])
def test_a_service_that_dies_comes_back_with_its_address_and_data(
    writer: Runner, name: str
) -> None:
    writer.python(WRITE)
    holder = writer.hold(then=READ_WHEN_BACK)
    services = writer.data / "run/services.json"
    (before,) = json.loads(services.read_text())[name]

    os.kill(before, signal.SIGKILL)
    assert eventually(lambda: json.loads(services.read_text())[name] != [before], seconds=15)
    output, _ = holder.communicate("\n", timeout=30)

    assert "ended with status -9; starting it again" in output
    assert output.split()[-2:] == ["42", "43"]


def test_throw_away_services_leave_no_data(newcomer: Runner) -> None:
    result = newcomer.run(
        "scratch", sys.executable, "-c", "import os; print(os.environ['INSTARCHIVER_DATA'])"
    )

    assert Path(result.stdout.strip()) != newcomer.data
    assert not Path(result.stdout.strip()).exists()


def test_a_missing_program_is_named(runner: Runner) -> None:
    result = runner.run("run", "no-such-program")

    assert (result.returncode, result.stdout) == (2, "no-such-program: no such program\n")


def test_a_call_without_arguments_prints_the_usage(newcomer: Runner) -> None:
    result = newcomer.run()

    assert result.returncode == 2
    assert "demo [--exit]" in result.stdout


@pytest.mark.parametrize("recipe", ["serve", "demo"])
def test_a_wrong_word_is_named_with_the_usage_of_its_recipe(newcomer: Runner, recipe: str) -> None:
    result = newcomer.run(recipe, "--bogus")

    assert result.returncode == 2
    assert f"usage: ./dev {recipe}" in result.stdout
    assert "--bogus" in result.stdout


def test_help_is_no_error(newcomer: Runner) -> None:
    result = newcomer.run("demo", "--help")

    assert result.returncode == 0
    assert "--exit" in result.stdout


def test_a_database_without_tables_gets_one_line_of_advice(runner: Runner) -> None:
    runner.hold()  # it has services, but nothing is migrated

    result = runner.run("manage", "archive", "natgeo")

    assert result.returncode == 2
    assert result.stdout.endswith("Run:  ./dev manage migrate\n")
    assert "Traceback" not in result.stdout


@pytest.mark.parametrize("words", [["serve"], ["manage", "archive", "natgeo"]])
def test_a_database_that_is_not_there_is_named(newcomer: Runner, words: list[str]) -> None:
    newcomer.variables["DATABASE_URL"] = "postgres://user:password@127.0.0.1:1/none"

    result = newcomer.run(*words)

    assert result.returncode == 2
    assert "correct DATABASE_URL" in result.stdout
    assert "Traceback" not in result.stdout


def test_a_server_without_its_redis_does_not_start(runner: Runner) -> None:
    runner.variables["REDIS_URL"] = "redis://127.0.0.1:1"

    result = runner.run("serve")

    assert result.returncode == 2
    assert "no Redis at 127.0.0.1:1" in result.stdout
