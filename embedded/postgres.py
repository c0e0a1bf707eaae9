"""An embedded PostgreSQL without TCP; its socket is in a folder that only this user can enter."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from embedded import processes, unprivileged
from embedded.errors import CannotRun, ServiceFailed
from embedded.processes import Program, Service
from embedded.unprivileged import Cluster

# A download thread uses two connections, and there are dozens of threads.
SETTINGS = (
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=300",
    "timezone=UTC",
)
THROW_AWAY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
READY_LINE = 7  # The status in postmaster.pid that pg_ctl waits for as well


def find_binaries() -> Path:
    """PostgreSQL 18 from the wheel, or else an installed one. Raises CannotRun without any."""
    wheel = importlib.util.find_spec(unprivileged.WHEEL)
    if wheel is not None and wheel.origin is not None:
        return Path(wheel.origin).parent / "pginstall18" / "bin"
    for pattern in (
        "lib/postgresql/*/bin",
        "pgsql-*/bin",
    ):  # Debian, Red Hat: not in PATH
        for folder in sorted(Path("/usr").glob(pattern), reverse=True):
            return folder
    if program := shutil.which("postgres"):
        return Path(program).resolve().parent
    raise CannotRun("No PostgreSQL found: install the group `embedded`, or set DATABASE_URL")


def url(sockets: Path) -> str:
    """The URL of the server whose socket is in this folder."""
    return f"postgresql://postgres@/postgres?host={quote(str(sockets), safe='')}"


def start(
    data: Path,
    sockets: Path,
    log: Path,
    *,
    keep_open: tuple[int, ...],
    settings: Sequence[str] = (),
) -> Service:
    """Start the server and wait until it answers. The data folder is created if it is missing.

    The caller must hold the lock that prevents a second server on this folder.
    """
    cluster = _cluster(data)
    create(cluster)
    cluster.own(cluster.data)
    # After a kill, the process id in the file may be reused, and PostgreSQL would refuse to start.
    (cluster.data / "postmaster.pid").unlink(missing_ok=True)
    cluster.own(sockets)
    options = [f"--{setting}" for setting in (*SETTINGS, *settings)]
    command = cluster.command("postgres", "-D", str(cluster.data), "-k", str(sockets), *options)
    program = Program("postgres", command, signal.SIGINT, user=cluster.user, keep_open=keep_open)
    service = processes.start(program, log=log, environment=environment())
    processes.wait_until(lambda: is_ready(cluster, service), service=service, seconds=60)
    return service


def environment() -> Mapping[str, str]:
    """Our environment without PG* variables, which would configure the server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def create(cluster: Cluster) -> None:
    """Create a data folder. It is renamed last, so that a killed start leaves no incomplete one."""
    if cluster.data.exists():
        return
    unfinished = cluster.data.with_name(f"{cluster.data.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    cluster.own(unfinished)
    arguments = (
        "--username=postgres",
        "--auth=trust",  # only this user can enter the folder of the socket
        "--encoding=UTF8",
        *locale(cluster),
        "--no-sync",
    )
    command = cluster.command("initdb", "--pgdata", str(unfinished), *arguments)
    made = subprocess.run(  # noqa: S603  our own command line
        command, env=environment(), capture_output=True, text=True, user=cluster.user, check=False
    )
    if made.returncode:
        raise ServiceFailed(f"initdb failed:\n{made.stdout}{made.stderr}")
    unfinished.rename(cluster.data)


def locale(cluster: Cluster) -> tuple[str, ...]:
    """The same collation everywhere. The builtin provider exists since PostgreSQL 17."""
    command = cluster.command("postgres", "--version")
    answer = subprocess.run(command, check=True, capture_output=True, text=True, user=cluster.user)  # noqa: S603  our own command line
    found = re.search(r"\d+", answer.stdout)
    if found and int(found.group()) >= 17:
        return ("--locale-provider=builtin", "--locale=C.UTF-8")
    return ("--locale=C.UTF-8",)


def is_ready(cluster: Cluster, service: Service) -> bool:
    """Read the server's status file. A file from an earlier server has another process id."""
    try:
        lines = (cluster.data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    ours = lines[:1] == [str(service.process.pid)]
    return ours and len(lines) > READY_LINE and lines[READY_LINE].strip() == "ready"


def remove(data: Path) -> None:
    """Remove the server's files, which some ways of starting it as root keep elsewhere."""
    shutil.rmtree(_cluster(data).data, ignore_errors=True)


def exists(data: Path) -> bool:
    """Whether there are files of a server."""
    return _cluster(data).data.exists()


def rename(data: Path, name: Path) -> None:
    """Rename the files of a server that does not run."""
    _cluster(data).data.rename(_cluster(name).data)


def copy(data: Path, target: Path) -> None:
    """Copy the files of a server that does not run. They are renamed last, as in `create`."""
    unfinished = _cluster(target.with_name(f"{target.name}.new"))
    shutil.rmtree(unfinished.data, ignore_errors=True)
    shutil.copytree(_cluster(data).data, unfinished.data)
    unfinished.own(unfinished.data)
    unfinished.data.rename(_cluster(target).data)


def _cluster(data: Path) -> Cluster:
    return unprivileged.choose(find_binaries(), data)


def stop(service: Service) -> None:
    """Stop the server, however long it takes. Killing it could lose data."""
    service.ask_to_stop()
    if not processes.eventually(lambda: processes.ended([service]), seconds=60):
        service.process.send_signal(signal.SIGQUIT)
        service.process.wait()
