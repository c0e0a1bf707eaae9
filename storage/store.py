"""Where the bytes lie: `<sha[:2]>/<sha>.<extension>` below Django's default storage location.

Four methods, so that another store (object storage) is one class. A file appears under its name
whole or not at all: it is written aside, synced, and renamed within the same file system.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation

from storage.formats.media_types import Kind

ASIDE = "tmp"
QUARANTINE = "quarantine"
PART = "part-"
ABANDONED_AFTER = 60 * 60
"""Seconds: above the time that the slowest allowed download takes."""
PART_KEPT = 24 * 60 * 60
"""Seconds: above the longest pause between two attempts that could go on with a part."""


def name_of(sha256: str, extension: str) -> str:
    """Where bytes of that digest and kind belong in a store."""
    return f"{sha256[:2]}/{sha256}.{extension}"


def quarantined_name(sha256: str) -> str:
    """Where bytes of that digest lie when they failed a check."""
    return f"{QUARANTINE}/{sha256[:2]}/{sha256}"


@dataclass(frozen=True, slots=True)
class Content:
    """What identifies some bytes, read while they were written."""

    sha256: str
    size: int
    kind: Kind

    @property
    def name(self) -> str:
        """Where the bytes belong in the store."""
        return name_of(self.sha256, self.kind.extension)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in the store, and when it came to its name."""

    name: str
    changed_at: datetime


class Store:
    """Files by name below one root."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, source: Path, name: str) -> None:
        """Move a finished file from `aside` to its name; after the return it survives a crash.

        Content that is there already is not written again; the source is gone in both cases.
        What lies there is read for that: a file that has lost some bits is replaced.
        """
        target = self._path(name)
        if _are_same(target, source):
            source.unlink()
            return
        if not target.parent.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            _sync(target.parent.parent)
        _sync(source)
        source.replace(target)
        _sync(target.parent)

    def open(self, name: str) -> BinaryIO:
        """Open for reading. Raises FileNotFoundError."""
        return self._path(name).open("rb")

    def exists(self, name: str) -> bool:
        """Whether bytes lie under the name."""
        return self._path(name).is_file()

    def delete(self, name: str) -> None:
        """Remove the bytes; no error when they are gone already."""
        self._path(name).unlink(missing_ok=True)

    def take(self, name: str, path: Path) -> None:
        """Take bytes out of the store, to a path from `aside`. Raises FileNotFoundError."""
        self._path(name).replace(path)

    def move(self, name: str, to: str, *, inode: int) -> bool:
        """Rename a file within the store, if it still is the one of that inode."""
        source, target = self._path(name), self._path(to)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            source.replace(target)
        except FileNotFoundError:
            return False
        if target.stat().st_ino == inode:
            return True
        target.replace(source)  # a download put other bytes there since they were looked at
        return False

    def copy(self, source: Path, name: str, sha256: str) -> bool:
        """Store a copy of a file from elsewhere if it has that digest; False where it has not.

        Raises OSError for what else a disk may do.
        """
        with self.aside() as path:
            try:
                shutil.copyfile(source, path)
            except FileNotFoundError:
                return False
            if digest(path) != sha256:
                return False
            self.put(path, name)
        return True

    def entries(self, below: str = "") -> Iterator[Entry]:
        """Every file in the store, or in the quarantine; not what lies aside."""
        for path in (self.root / below).glob("[0-9a-f][0-9a-f]/*"):
            with suppress(FileNotFoundError):  # it was moved meanwhile
                changed = datetime.fromtimestamp(path.stat().st_ctime, UTC)
                yield Entry(str(path.relative_to(self.root)), changed)

    @contextmanager
    def aside(self) -> Iterator[Path]:
        """A path for a file in the making, on the same file system; removed unless `put`."""
        folder = self.root / ASIDE
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / uuid.uuid4().hex
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def sweep(self, *, now: float | None = None) -> int:
        """Delete what killed downloads left aside and nobody took up; returns how many files."""
        now = time.time() if now is None else now
        return sum(_delete_abandoned(path, now) for path in (self.root / ASIDE).glob("*"))

    def _path(self, name: str) -> Path:
        root = self.root.resolve()
        path = (root / name).resolve()
        if not path.is_relative_to(root) or path == root:
            raise SuspiciousFileOperation("The name leads out of the store")
        return path


def default() -> Store:
    """The store of this installation."""
    return Store(Path(settings.MEDIA_ROOT))


def keep(data: bytes, kind: Kind) -> Content:
    """Put bytes that are at hand into the store of this installation."""
    content = Content(hashlib.sha256(data).hexdigest(), len(data), kind)
    shelf = default()
    with shelf.aside() as path:
        path.write_bytes(data)
        shelf.put(path, content.name)
    return content


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _are_same(target: Path, source: Path) -> bool:
    if not target.is_file() or target.stat().st_size != source.stat().st_size:
        return False
    return holds(target, digest(source))


def digest(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal; read in constant memory. Raises OSError."""
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def holds(path: Path, sha256: str) -> bool:
    """Whether the file is there, can be read and has that digest."""
    try:
        return digest(path) == sha256
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno != errno.EIO:  # a bad sector
            raise
        return False


def _delete_abandoned(path: Path, now: float) -> bool:
    kept = PART_KEPT if path.name.startswith(PART) else ABANDONED_AFTER
    try:
        abandoned = path.stat().st_mtime < now - kept
        if abandoned:
            path.unlink()
    except FileNotFoundError:  # its download ended meanwhile
        return False
    return abandoned
