"""Starts the services that a command needs, unless they run already, and stops them.

A command owns the services of its data folder, or uses those that another command owns.
"""

from __future__ import annotations

import fcntl
import math
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from embedded import postgres, processes, valkey
from embedded.errors import CannotRun
from embedded.folder import Folder, Record
from embedded.forks import STOP_SIGNALS
from embedded.processes import Program
from embedded.restarts import RestartedProgram, RestartPolicy

ADDRESSES = ("DATABASE_URL", "REDIS_URL")
GRACE = 12
PATIENCE = 60


@dataclass(slots=True)
class Supervisor:
    """The owner of a data folder: starts services and programs, restarts them, and stops them.

    Code that waits calls `tend` meanwhile, which restarts exited programs.
    """

    folder: Folder
    environment: dict[str, str]
    keep_open: tuple[int, ...]
    record: Record = field(default_factory=lambda: Record(supervisor=os.getpid()))
    postgres: RestartedProgram | None = None
    valkey: RestartedProgram | None = None
    programs: list[RestartedProgram] = field(default_factory=list)
    restarts: RestartPolicy = field(default_factory=RestartPolicy)
    shared: tuple[str, ...] = ADDRESSES

    def start_services(self, stack: ExitStack, settings: Sequence[str] = ()) -> None:
        """Start the services whose URL the environment does not set."""
        if not self.environment.get("REDIS_URL"):
            self.start_valkey(stack)
        if not self.environment.get("DATABASE_URL"):
            self.start_postgres(stack, settings)

    def start_valkey(self, stack: ExitStack) -> None:
        data, log = self.folder.path / "valkey", self.folder.log("valkey")
        service, address = valkey.start(data, log, keep_open=self.keep_open)
        self.valkey = child = RestartedProgram(service)
        stack.callback(lambda: processes.stop_all([child.service], grace=GRACE))
        self.environment["REDIS_URL"] = address

    def start_postgres(self, stack: ExitStack, settings: Sequence[str]) -> None:
        data = self.folder.path / "postgres"
        # In /tmp, because the path of a socket is limited to 107 bytes.
        sockets = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        stack.callback(shutil.rmtree, sockets, ignore_errors=True)
        service = postgres.start(
            data,
            sockets,
            self.folder.log("postgres"),
            keep_open=self.keep_open,
            settings=settings,
        )
        self.postgres = child = RestartedProgram(service)
        stack.callback(lambda: postgres.stop(child.service))
        self.record.sockets = str(sockets)
        self.environment["DATABASE_URL"] = postgres.url(sockets)

    def publish(self) -> None:
        """Publish the record, so that other commands on this data folder use the services."""
        self.record.environment = {name: self.environment[name] for name in self.shared}
        self.note()

    def note(self) -> None:
        """Record the current processes, which the next start after a crash has to stop."""
        others = [self.valkey, *self.programs]
        self.record.postgres = pids([self.postgres])
        self.record.others = pids(others)
        self.folder.publish(self.record)

    def withdraw(self) -> None:
        """Remove the record, so that other commands no longer use the services."""
        self.record.environment = {}
        self.folder.withdraw()

    def start(self, program: Program) -> None:
        """Start a program; its log is named after it."""
        log = self.folder.log(program.name)
        service = processes.start(program, log=log, environment=self.environment)
        self.programs.append(RestartedProgram(service))
        self.note()

    def tend(self) -> None:
        """Restart exited programs. Raises ServiceFailed if one exits too often."""
        children = [self.postgres, self.valkey, *self.programs]
        started = [child.tend(self.restarts) for child in children if child is not None]
        if any(started):
            self.note()

    def attend(self, command: Sequence[str]) -> int:
        """Run a Python program on the terminal while the others are kept running.

        Returns its exit status.
        """
        process = processes.foreground_fork(command, self.environment)
        return processes.wait_for(process, meanwhile=self.tend)

    def watch(self) -> None:
        """Keep all programs running until a signal raises KeyboardInterrupt."""
        while True:
            self.tend()
            time.sleep(processes.TICK)

    def stop(self) -> None:
        """Stop the programs before the services that they use."""
        self.withdraw()
        processes.stop_all([child.service for child in self.programs], grace=GRACE)


def pids(children: Iterable[RestartedProgram | None]) -> list[int]:
    return [child.service.process.pid for child in children if child is not None]


def keep_as_it_is(_folder: Folder) -> None:
    """Leave the data folder unchanged."""


@contextmanager
def owned(
    folder: Folder,
    settings: Sequence[str] = (),
    *,
    lay_out: Callable[[Folder], None] = keep_as_it_is,
) -> Iterator[Supervisor | None]:
    """Own a data folder and run its services; yields None if another command owns it.

    `lay_out` may change the folder before anything starts on it.
    """
    folder.prepare()
    with ExitStack() as stack:
        if stack.enter_context(folder.lock("owner")) is None:
            yield None
            return
        try:
            folder.clear()
            lay_out(folder)
            yield started(folder, stack, settings)
        finally:
            ignore_stop_signals()  # a second signal must not interrupt the shutdown of PostgreSQL


def started(folder: Folder, stack: ExitStack, settings: Sequence[str]) -> Supervisor:
    """Start the services of an owned folder. The stack stops them."""
    alive = stack.enter_context(folder.lock("services"))
    keep_open = () if alive is None else (alive,)
    environment = {**folder.secrets(), **given(), "INSTARCHIVER_DATA": str(folder.path)}
    supervisor = Supervisor(folder, environment, keep_open)
    supervisor.start_services(stack, settings)
    supervisor.note()  # without addresses yet
    stack.callback(supervisor.stop)
    return supervisor


def given() -> dict[str, str]:
    """Our environment, in which an empty URL counts as unset."""
    return {name: value for name, value in os.environ.items() if value or name not in ADDRESSES}


def no_programs(_owner: Supervisor) -> None:
    """Start no programs: PostgreSQL and Valkey are sufficient."""


def run(
    folder: Folder,
    command: Sequence[str],
    *,
    programs: Callable[[Supervisor], None] = no_programs,
    lay_out: Callable[[Folder], None] = keep_as_it_is,
) -> int:
    """Run a command with the services of a data folder, which are started if necessary.

    `programs` starts the other programs that the command needs, if no owner is serving.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with owned(folder, lay_out=lay_out) as supervisor:
            if supervisor is not None:
                programs(supervisor)
                supervisor.publish()
                return run_as_owner(supervisor, command)
        with folder.lock("users", fcntl.LOCK_SH) as joined:
            record = folder.published()
            if joined is not None and record.environment:
                return run_as_guest(folder, record, command)
        time.sleep(processes.TICK)
    raise CannotRun(f"The services of {folder.path} neither start nor stop")


def run_as_owner(supervisor: Supervisor, command: Sequence[str]) -> int:
    """Run the command, then wait for other commands that use our services."""
    status = run_to_the_end(command, supervisor.environment, meanwhile=supervisor.tend)
    supervisor.withdraw()
    processes.eventually(
        lambda: supervisor.folder.is_free("users"), seconds=math.inf, meanwhile=supervisor.tend
    )
    return status


def run_as_guest(folder: Folder, record: Record, command: Sequence[str]) -> int:
    """Run the command with the owner's record. Our own environment variables take precedence."""
    environment = {**folder.secrets(), **record.environment, **given()}
    return run_to_the_end(command, environment | {"INSTARCHIVER_DATA": str(folder.path)})


def run_to_the_end(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    meanwhile: Callable[[], None] = processes.nothing,
) -> int:
    """Run a command on the terminal. Ctrl-C is left to the command."""
    process = processes.foreground(command, environment)
    # The terminal sends Ctrl-C to the command too. SIGTERM and SIGHUP may reach only this process.
    signal.signal(signal.SIGINT, lambda *_: None)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: process.send_signal(received))
    return processes.wait_for(process, meanwhile=meanwhile)


def run_with_throw_away_services(command: Sequence[str]) -> int:
    """Run a command with empty, fast services in a temporary folder, for tests."""
    with ExitStack() as stack:
        path = stack.enter_context(tempfile.TemporaryDirectory(prefix="instarchiver-"))
        supervisor = stack.enter_context(owned(Folder(Path(path)), postgres.THROW_AWAY))
        assert supervisor is not None  # noqa: S101  the folder is new
        return run_to_the_end(command, supervisor.environment, meanwhile=supervisor.tend)


def interrupt_on_stop_signals() -> None:
    """Turn the first stop signal into KeyboardInterrupt, so that all context managers exit."""
    for number in STOP_SIGNALS:
        signal.signal(number, interrupt)


def interrupt(*_: object) -> None:
    """Report the interruption and ignore later signals, so that the shutdown completes."""
    ignore_stop_signals()
    with suppress(OSError):  # the terminal may be closed
        os.write(sys.stdout.fileno(), b"\nStopping.\n")  # the signal may arrive during a `write`
    raise KeyboardInterrupt


def ignore_stop_signals() -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
