"""Starts programs that exit with this process, and stops them."""

from __future__ import annotations

import ctypes
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from embedded import forks
from embedded.errors import CannotRun, ServiceFailed
from embedded.forks import Fork, Process

PR_SET_PDEATHSIG = 1
TICK = 0.05
TAIL = 15


@dataclass(frozen=True, slots=True)
class Program:
    """A command, the user that runs it, and the signal that stops it."""

    name: str
    command: Sequence[str]
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals | None = None  # if the supervisor dies; None: the same
    user: int | None = None
    keep_open: tuple[int, ...] = ()
    standard_input: bytes = b""
    is_forked: bool = False  # from this process, which must have called `forks.preload`


@dataclass(frozen=True, slots=True)
class Service:
    """A running program. It leads a process group, which contains all of its children."""

    program: Program
    process: Process
    log: Path
    environment: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.program.name

    def check(self) -> None:
        """Raise ServiceFailed with the end of the log if the program has exited."""
        if self.process.poll() is not None:
            raise ServiceFailed(self.ending())

    def ending(self) -> str:
        """The exit status and the end of the log."""
        return f"{self.name} ended with status {self.process.returncode}.\n{log_tail(self.log)}"

    def start_again(self) -> Service:
        """Start the program again with the same arguments; its output is appended to the log."""
        return launch(self.program, log=self.log, environment=self.environment)

    def ask_to_stop(self) -> None:
        """Send the signal that makes this program exit cleanly."""
        if self.process.poll() is None:
            self.process.send_signal(self.program.stop_signal)

    def kill_group(self) -> None:
        """Kill the program and all processes in its group.

        A running PostgreSQL is stopped cleanly instead. A PostgreSQL that has exited leaves no
        process in the group.
        """
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def start(program: Program, *, log: Path, environment: Mapping[str, str]) -> Service:
    """Start a program in the background. Its output goes to `log`; one older log is kept."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    return launch(program, log=log, environment=environment)


def launch(program: Program, *, log: Path, environment: Mapping[str, str]) -> Service:
    """Start a program in the background. Its output is appended to `log`."""
    with log.open("ab") as output:
        if program.is_forked:
            fork = _forked(program, output.fileno(), environment)
            return Service(program, fork, log, environment)
        process = subprocess.Popen(  # noqa: S603  our own command lines
            program.command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=program.user,
            pass_fds=program.keep_open,
            start_new_session=True,  # Ctrl-C reaches only the supervisor
            preexec_fn=die_with_parent(program.orphan_signal or program.stop_signal),  # noqa: PLW1509  one thread only
        )
    feed(process, program.standard_input)
    return Service(program, process, log, environment)


def _forked(program: Program, output: int, environment: Mapping[str, str]) -> Fork:
    follow = die_with_parent(program.orphan_signal or program.stop_signal)

    def prepare() -> None:
        os.setsid()  # Ctrl-C reaches only the supervisor
        if follow:
            follow()

    return forks.fork(
        program.command,
        environment=environment,
        output=output,
        keep_open=program.keep_open,
        prepare=prepare,
    )


def feed(process: subprocess.Popen[bytes], content: bytes) -> None:
    """Write the program's standard input and close it."""
    assert process.stdin is not None  # noqa: S101  it was opened as a pipe
    with suppress(BrokenPipeError), process.stdin as stream:
        stream.write(content)


def die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """Return a `preexec_fn` that makes the kernel send `number` when the supervisor dies.

    Linux only. On other systems the next start on the data folder stops the leftover processes.
    """
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # the parent died between fork and prctl
            os.kill(os.getpid(), number)

    return ask_kernel


def follow_parent() -> None:
    """Stop the supervisor itself if the command that started it is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_until(ready: Callable[[], bool], *, service: Service, seconds: float) -> None:
    """Wait for `ready()`. Raises ServiceFailed if the service exits or the time is over."""
    if not eventually(ready, seconds=seconds, meanwhile=service.check):
        raise ServiceFailed(
            f"{service.name} was not ready after {seconds:.0f} s.\n{log_tail(service.log)}"
        )


def nothing() -> None:
    pass


def eventually(
    done: Callable[[], bool], *, seconds: float, meanwhile: Callable[[], None] = nothing
) -> bool:
    """Poll until `done()`; False if the time is over."""
    deadline = time.monotonic() + seconds
    while not done():
        meanwhile()
        if time.monotonic() > deadline:
            return False
        time.sleep(TICK)
    return True


def ended(services: Iterable[Service]) -> bool:
    return all(service.process.poll() is not None for service in services)


def stop_all(services: Sequence[Service], *, grace: float) -> None:
    """Stop all services at the same time, and kill those that run longer than the grace time."""
    for service in services:
        service.ask_to_stop()
    eventually(lambda: ended(services), seconds=grace)
    # Also the groups of programs that exited in time, because their children may still run.
    for service in services:
        service.kill_group()


def foreground_fork(command: Sequence[str], environment: Mapping[str, str]) -> Fork:
    """Run a Python program on our own terminal, in a fork of this process."""
    return forks.fork(command, environment=environment, prepare=die_with_parent(signal.SIGTERM))


def foreground(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a command on our own terminal. Raises CannotRun if there is no such program."""
    try:
        return subprocess.Popen(  # noqa: S603  the command that the developer typed
            command,
            env=environment,
            preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509  one thread only
        )
    except FileNotFoundError as error:
        raise CannotRun(f"{command[0]}: no such program") from error


def wait_for(process: Process, *, meanwhile: Callable[[], None]) -> int:
    """Return the exit status of a process. An error of `meanwhile` stops the process."""
    try:
        eventually(lambda: process.poll() is not None, seconds=math.inf, meanwhile=meanwhile)
    finally:
        process.terminate()
        returned = process.wait()
    return exit_status(returned)


def exit_status(returned: int) -> int:
    """Convert subprocess's return code to the exit status that a shell reports."""
    return 128 - returned if returned < 0 else returned


def log_tail(log: Path) -> str:
    """The last lines of a log and its path."""
    lines = log.read_text(errors="replace").splitlines()[-TAIL:]
    return "\n".join([f"{log}:", *(f"  {line}" for line in lines)])
