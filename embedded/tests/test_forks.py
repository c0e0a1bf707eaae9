"""Programs that are forked from a process that has loaded them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, signal, sys
from embedded import forks
{setup}
fork = forks.fork([sys.executable, "-m", "{module}"], environment={{"ONLY": "this"}}{options})
sys.exit(abs(fork.wait()))
"""


def parent(
    folder: Path, program: str, *, setup: str = "", options: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a process that forks the program; its status is that of the fork."""
    (folder / "program.py").write_text(program)
    code = SCRIPT.format(module="program", setup=setup, options=options)
    path = os.pathsep.join([str(folder), str(Path.cwd())])
    return subprocess.run(  # noqa: S603  our own script
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("program", "status"),
    [
        ("pass", 0),
        ("raise SystemExit(3)", 3),
        ("raise SystemExit('no')", 1),
        ("1 / 0", 1),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", signal.SIGKILL),
    ],
)
def test_a_fork_ends_with_the_status_of_its_program(
    tmp_path: Path, program: str, status: int
) -> None:
    assert parent(tmp_path, program).returncode == status


def test_a_fork_has_only_the_environment_that_it_is_given(tmp_path: Path) -> None:
    done = parent(tmp_path, "import os; print(sorted(os.environ))")

    assert done.stdout == "['ONLY']\n"


def test_a_fork_runs_as_the_main_module_with_its_own_arguments(tmp_path: Path) -> None:
    done = parent(tmp_path, "import sys; print(__name__, sys.argv[1:])")

    assert done.stdout == "__main__ []\n"


def test_a_fork_keeps_no_file_of_its_parent_but_those_that_are_named(tmp_path: Path) -> None:
    setup = "one, two = (os.open(os.devnull, os.O_RDONLY) for _ in range(2)); print(one, two)"
    program = "import os; print([n for n in range(3, 20) if os.path.exists(f'/dev/fd/{n}')])"
    done = parent(tmp_path, program, setup=setup, options=", keep_open=[two]")
    opened, kept = done.stdout.splitlines()

    assert opened.split()[1] in kept
    assert opened.split()[0] not in kept


def test_what_a_program_registers_for_its_end_is_called(tmp_path: Path) -> None:
    done = parent(tmp_path, "import atexit; atexit.register(print, 'ended')")

    assert done.stdout == "ended\n"


def test_nothing_of_the_parent_runs_in_a_fork_that_crashes(tmp_path: Path) -> None:
    setup = "import contextlib; stack = contextlib.ExitStack(); stack.callback(print, 'parent')"
    done = parent(tmp_path, "1 / 0", setup=setup)

    assert ("parent" in done.stdout, "ZeroDivisionError" in done.stderr) == (False, True)


@pytest.mark.slow
def test_a_stop_signal_during_a_fork_is_not_lost(tmp_path: Path) -> None:
    setup = (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "os.register_at_fork(before=lambda: os.kill(os.getpid(), signal.SIGTERM))"
    )

    assert parent(tmp_path, "import time; time.sleep(2)", setup=setup).returncode == 7
