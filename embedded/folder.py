"""A data folder: which process runs services on it, their URLs, and its secrets.

Three locks, which the kernel releases however their holder dies:

    owner      the supervisor that runs the services
    services   inherited by all its services: free when none of them is alive
    users      shared by commands that use the services of another supervisor
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from embedded import processes
from embedded.errors import CannotRun


@dataclass(slots=True)
class Record:
    """The record of a supervisor, for other commands and for the start after a crash."""

    environment: dict[str, str] = field(default_factory=dict)
    supervisor: int = 0
    postgres: list[int] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    sockets: str = ""


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.state = self.path / "run"
        self.record = self.state / "services.json"
        self.leftovers = self.state / "leftovers.json"

    def prepare(self) -> None:
        """Create the folder with access for this user only. Raises CannotRun if that fails."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.state.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise CannotRun(
                f"The data cannot be kept in {self.path}: {error.strerror}. "
                "Set INSTARCHIVER_DATA to another folder, or leave it unset."
            ) from error

    def log(self, name: str) -> Path:
        return self.path / "logs" / f"{name}.log"

    @contextmanager
    def lock(self, name: str, operation: int = fcntl.LOCK_EX) -> Iterator[int | None]:
        """Hold a lock and yield its descriptor, or None at once if another process holds it."""
        descriptor = os.open(self.state / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield descriptor
        finally:
            os.close(descriptor)

    def is_free(self, name: str) -> bool:
        with self.lock(name) as held:
            return held is not None

    def publish(self, record: Record) -> None:
        """Replace the record atomically: readers see the old one or the new one."""
        write_private(self.record, json.dumps(asdict(record)))

    def published(self) -> Record:
        """The record of the running supervisor; empty until its services are ready."""
        return read(self.record)

    def withdraw(self) -> None:
        """Remove the record, so that other commands no longer use the services."""
        self.record.unlink(missing_ok=True)

    def clear(self) -> None:
        """Wait for the processes of a killed supervisor, stop the rest, and remove its record.

        The record is hidden first, because another command must not take it for the record of the
        new start.
        """
        if self.record.exists():
            self.record.replace(self.leftovers)
        if not self.services_end(
            seconds=5
        ):  # no parent-death signal on this system, or a worker that is still busy
            self.end_leftovers()
            if not self.services_end(seconds=60):
                raise CannotRun(f"Processes of an earlier run still use {self.path}")
        shutil.rmtree(read(self.leftovers).sockets, ignore_errors=True)
        self.leftovers.unlink(missing_ok=True)

    def services_end(self, *, seconds: float) -> bool:
        """Wait for the services of an earlier supervisor; False if one is still running."""
        return processes.eventually(lambda: self.is_free("services"), seconds=seconds)

    def end_leftovers(self) -> None:
        """Stop the recorded processes. One of them holds the lock, so their ids are not reused."""
        record = read(self.leftovers)
        for group in record.others:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
        for server in record.postgres:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(server, signal.SIGINT)

    def secrets(self) -> Mapping[str, str]:
        """Django's keys, generated once per folder."""
        path = self.path / "secrets.json"
        if not path.exists():
            write_private(path, json.dumps(new_secrets()))
        keys: dict[str, str] = json.loads(path.read_text())
        return keys


def read(path: Path) -> Record:
    """Read a record; an empty one if there is none."""
    try:
        return Record(**json.loads(path.read_text()))
    except FileNotFoundError:
        return Record()


def new_secrets() -> dict[str, str]:
    """Generate a signing key, and an encryption key in Fernet's format."""
    return {
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }


def write_private(path: Path, content: str) -> None:
    """Write a file atomically, readable by this user only."""
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.replace(path)
