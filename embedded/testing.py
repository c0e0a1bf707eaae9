"""`./dev test` and `./dev services`: services for tests.

    .local/test/services      the data folder of `./dev services`
    .local/test/runs/0 to 7   the data folders of test runs that need services of their own

A test run uses `./dev services` if they run. Otherwise it starts services in the first folder that
no other run uses. PostgreSQL's files stay there, because they hold a migrated database that the
tests copy (see `tests/support/database.py`). Everything else is removed after the run.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from embedded import postgres, processes, supervisor, valkey
from embedded.errors import CannotRun
from embedded.folder import Folder
from embedded.supervisor import Supervisor
from embedded.terminal import say

RUN_DATABASES = 16  # Valkey databases of one test run
MAX_RUNS = valkey.DATABASES // RUN_DATABASES
STOP_SECONDS = 90
SETTINGS = (*postgres.THROW_AWAY, "max_wal_size=256MB")  # the default keeps a gigabyte
BOOT = Path("/proc/sys/kernel/random/boot_id")


def home() -> Path:
    """The data that make the next test run faster. They may be deleted at any time."""
    return Path(os.environ.get("INSTARCHIVER_TEST_DATA") or ".local/test")


def services_folder() -> Folder:
    return Folder(home() / "services")


def run(command: Sequence[str]) -> int:
    """Run a command with services for tests, in a data folder that is removed afterwards."""
    with ExitStack() as stack:
        data = Folder(
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="instarchiver-")))
        )
        data.prepare()
        own = {**data.secrets(), "INSTARCHIVER_DATA": str(data.path)}
        addresses = stack.enter_context(running_services())
        if addresses is not None:
            return supervisor.run_to_the_end(command, {**addresses, **supervisor.given(), **own})
        owner = stack.enter_context(own_services())
        return supervisor.run_to_the_end(command, owner.environment | own, meanwhile=owner.tend)


@contextmanager
def own_services() -> Iterator[Supervisor]:
    """Start services for one run. Raises CannotRun if too many runs use the checkout."""
    for number in range(MAX_RUNS):
        with started(Folder(home() / "runs" / str(number))) as owner:
            if owner is not None:
                yield owner
                return
    raise CannotRun(f"{MAX_RUNS} test runs use this checkout already")


@contextmanager
def started(folder: Folder) -> Iterator[Supervisor | None]:
    """Start the services of the tests on a folder; yields None if another command owns it."""
    with supervisor.owned(folder, SETTINGS, lay_out=lay_out) as owner:
        if owner is not None:
            origin_of(folder).write_text(origin())
        yield owner


def lay_out(folder: Folder) -> None:
    """Remove Valkey's data, and PostgreSQL's files if they cannot be trusted."""
    shutil.rmtree(folder.path / "valkey", ignore_errors=True)
    note = origin_of(folder)
    # Files that were written without fsync survive a killed server, but not a crash of the machine.
    if not note.exists() or note.read_text() != origin():
        postgres.remove(folder.path / "postgres")
    # Written again after a successful start, so that files on which no server starts are used once.
    note.unlink(missing_ok=True)


def origin_of(folder: Folder) -> Path:
    """The file that names the origin of PostgreSQL's files."""
    return folder.state / "origin"


def origin() -> str:
    """The id of this boot of the machine (Linux only) and the folder of PostgreSQL's binaries."""
    boot = BOOT.read_text() if BOOT.exists() else ""
    return f"{boot}{postgres.find_binaries()}"


@contextmanager
def running_services() -> Iterator[dict[str, str] | None]:
    """The URLs of `./dev services` for one run, or None if they do not run."""
    services = services_folder()
    services.prepare()
    with ExitStack() as stack:
        # A killed supervisor leaves its record but no lock, and its services ended with it.
        addresses = {} if services.is_free("owner") else services.published().environment
        number = stack.enter_context(run_number(services)) if addresses else None
        yield None if number is None else own_databases(addresses, number)


@contextmanager
def run_number(services: Folder) -> Iterator[int | None]:
    """Lock a number that no other run uses; yields None if all are taken."""
    with ExitStack() as stack:
        for number in range(MAX_RUNS):
            if stack.enter_context(services.lock(f"run-{number}")) is not None:
                yield number
                return
        yield None


def own_databases(addresses: dict[str, str], number: int) -> dict[str, str]:
    """Empty the Valkey databases of this run and point REDIS_URL at the first one."""
    first = number * RUN_DATABASES
    url = addresses["REDIS_URL"]
    valkey.flush(url, range(first, first + RUN_DATABASES))
    return {**addresses, "REDIS_URL": f"{url}/{first}"}


def serve() -> int:
    """Keep the services of the tests up until Ctrl-C."""
    with started(services_folder()) as owner:
        if owner is None:
            raise CannotRun(
                "The services of the tests run already. To end them: ./dev services stop"
            )
        owner.publish()
        say("The services of the tests run until Ctrl-C. ./dev test uses them.")
        say(f"  {postgres.find_binaries() / 'psql'} '{owner.environment['DATABASE_URL']}'")
        with suppress(KeyboardInterrupt):
            owner.watch()
    return 0


def stop() -> int:
    """Stop the services of the tests, even if another terminal started them."""
    services = services_folder()
    services.prepare()
    if services.is_free("owner"):
        say("The services of the tests do not run.")
        return 0
    # The lock is held, so the process id in the record is that of a running supervisor.
    if supervising := services.published().supervisor:
        os.kill(supervising, signal.SIGTERM)
    if not processes.eventually(lambda: services.is_free("owner"), seconds=STOP_SECONDS):
        raise CannotRun(f"The services of the tests do not stop. Logs: {services.path / 'logs'}")
    return 0
