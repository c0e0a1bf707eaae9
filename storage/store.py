"""Where the bytes lie: `<sha[:2]>/<sha>.<extension>` below Django's default storage location.

Four methods, so that another store (object storage) is one class. A file appears under its name
whole or not at all: it is written aside, synced, and renamed within the same file system.
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation

from storage.kinds import Kind

ASIDE = "tmp"
ABANDONED_AFTER = 60 * 60
"""Seconds: above the time that the slowest allowed download takes."""


def name_of(sha256: str, extension: str) -> str:
    """Where bytes of that digest and kind belong in a store."""
    return f"{sha256[:2]}/{sha256}.{extension}"


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


class Store:
    """Files by name below one root."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, source: Path, name: str) -> None:
        """Move a finished file from `aside` to its name; after the return it survives a crash.

        Content that is there already is not written again; the source is gone in both cases.
        """
        target = self._path(name)
        if target.is_file() and target.stat().st_size == source.stat().st_size:
            source.unlink()
            return
        target.parent.mkdir(parents=True, exist_ok=True)
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

    def sweep(self, *, older_than: float = ABANDONED_AFTER) -> int:
        """Delete what killed downloads left aside; returns how many files."""
        limit = time.time() - older_than
        return sum(_delete_abandoned(path, limit) for path in (self.root / ASIDE).glob("*"))

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


def _delete_abandoned(path: Path, limit: float) -> bool:
    try:
        abandoned = path.stat().st_mtime < limit
        if abandoned:
            path.unlink()
    except FileNotFoundError:  # its download ended meanwhile
        return False
    return abandoned
