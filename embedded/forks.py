"""Python programs that are forked from the supervisor, which has loaded their modules once.

Loading Django, Celery and the product takes a second of CPU time and 50 MB in each process. Forks
start at once and share that memory. The supervisor has no threads and no connections, so that
nothing but memory and open files is copied.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import logging
import os
import runpy
import shlex
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, Protocol

from embedded.errors import CannotRun

# What the programs import; the rest follows from these.
MODULES = (
    "config.wsgi",
    "config.urls",
    "config.celery_app",
    "core.heartbeats",
    "django.views.csrf",
    "celery.app.amqp",
    "celery.app.control",
    "celery.app.events",
    "celery.app.log",
    "celery.app.routes",
    "celery.bin.celery",
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.concurrency.prefork",
    "celery.worker.components",
    "celery.worker.consumer",
    "celery.worker.control",
    "celery.worker.strategy",
    "billiard.popen_fork",
    "billiard.sharedctypes",
    "billiard.synchronize",
    "django_celery_beat.schedulers",
    "gunicorn.app.wsgiapp",
    "gunicorn.workers.gthread",
)
STANDARD = (0, 1, 2)
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TICK = 0.01
CRASHED = 1


class Process(Protocol):
    """What the supervisor needs of a process: a subset of `subprocess.Popen`."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def wait(self) -> int: ...
    def send_signal(self, sig: int) -> None: ...
    def terminate(self) -> None: ...


class Fork:
    """A forked process, which can be handled as a `subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while the process runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self) -> int:
        """Wait for the exit status."""
        while (status := self.poll()) is None:
            time.sleep(TICK)
        return status

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def preload(environment: Mapping[str, str]) -> None:
    """Load the modules of all programs. Raises CannotRun for a wrong environment."""
    # It finds the title in memory only before the environment changes.
    importlib.import_module("setproctitle").getproctitle()
    os.environ.update(environment)
    # By name: the supervisor itself needs the standard library only.
    wrong: type[Exception] = importlib.import_module("django.core.exceptions").ImproperlyConfigured
    try:
        importlib.import_module("django").setup()
    except wrong as error:
        raise CannotRun(str(error)) from error
    for module in MODULES:
        importlib.import_module(module)
    app = importlib.import_module("config.celery_app").app
    app.loader.import_default_modules()  # the tasks
    app.finalize()
    # The collector writes into each object that it visits, which would copy the shared memory.
    gc.collect()
    gc.freeze()


def fork(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    output: int | None = None,
    keep_open: Sequence[int] = (),
    prepare: Callable[[], None] | None = None,
) -> Fork:
    """Run `python -m MODULE …` or `python SCRIPT …` in a fork.

    `output` is the file descriptor for both outputs; without one the fork uses our terminal.
    `prepare` is called in the fork before the program.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    # Python ignores what a signal handler raises in a function that it calls around a fork.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    if pid := os.fork():
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        return Fork(pid)
    status = CRASHED
    try:
        _take_over(environment, output, keep_open)
        _set_title(shlex.join(command))
        if prepare:
            prepare()
        _execute(command)
        status = 0
    except SystemExit as end:
        status = _status(end)
    except BaseException:  # noqa: BLE001  nothing of the supervisor may run in the fork
        traceback.print_exc()
    finally:
        _leave(status)


def _take_over(
    environment: Mapping[str, str], output: int | None, keep_open: Sequence[int]
) -> None:
    """Give up the signals and files of the supervisor."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    if output is not None:
        nothing = os.open(os.devnull, os.O_RDONLY)
        for ours, theirs in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(ours, theirs)
    # Locks of the supervisor must end with it. Limits of a billion files exist, so none is guessed.
    opened = {int(path.name) for path in Path("/dev/fd").iterdir()}
    for descriptor in opened - {*STANDARD, *keep_open}:
        with suppress(OSError):  # that of the listing itself
            os.close(descriptor)
    os.environ.clear()
    os.environ.update(environment)


def _set_title(title: str) -> None:
    """Make `ps` show the command of this program instead of that of the supervisor."""
    importlib.import_module("setproctitle").setproctitle(title)


def _execute(command: Sequence[str]) -> None:
    _, *words = command
    if words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")


def _status(end: SystemExit) -> int:
    """The status that Python itself would exit with."""
    if end.code is None or isinstance(end.code, int):
        return end.code or 0
    sys.stderr.write(f"{end.code}\n")
    return CRASHED


def _leave(status: int) -> NoReturn:
    """Exit as Python does, without the context managers of the supervisor."""
    try:
        atexit._run_exitfuncs()  # noqa: SLF001  os._exit does not call them
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)
