"""The store of media files: `<sha[:2]>/<sha>.<extension>` below `MEDIA_ROOT`.

A file appears under its name whole or not at all: it is written to a temporary path, synced, and
renamed within the same file system.
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
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation

from storage.formats.media_types import Kind

TEMP_FOLDER = "tmp"
QUARANTINE = "quarantine"
PARTIAL_PREFIX = "part-"
# Seconds after which a temporary file is deleted; longer than the slowest allowed download.
ABANDONED_AFTER = 60 * 60
# Seconds after which a partial download is deleted; longer than the pause between two attempts.
PARTIAL_KEPT = 24 * 60 * 60


def name_of(sha256: str, extension: str) -> str:
    return f"{sha256[:2]}/{sha256}.{extension}"


def quarantined_name(sha256: str) -> str:
    """Return the name of these bytes in the store if they failed a check."""
    return f"{QUARANTINE}/{sha256[:2]}/{sha256}"


@dataclass(frozen=True, slots=True)
class MediaContent:
    """The digest, size and kind of some bytes, computed while they were written."""

    sha256: str
    size: int
    kind: Kind

    @property
    def name(self) -> str:
        return name_of(self.sha256, self.kind.extension)


@dataclass(frozen=True, slots=True)
class StoreEntry:
    """The name of a file in the store, and the time when it got that name."""

    name: str
    changed_at: datetime


class Store:
    """Files by name below one root."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, source: Path, name: str, *, descriptor: int | None = None) -> None:
        """Move a finished file from its temporary path to its name, safe against a power cut.

        If the name already has the same bytes, the source is only deleted. The existing bytes are
        hashed for this, so a damaged file is replaced. Without the `descriptor` of the source, it
        is opened to be synced.
        """
        target = self._path(name)
        if target.is_file() and _has_same_bytes(target, source):
            source.unlink()
            return
        if descriptor is None:
            _sync(source)
        else:
            os.fsync(descriptor)
        # The entry of a new folder or file is lost in a power cut unless its parent is synced.
        try:
            source.replace(target)
        except FileNotFoundError:
            target.parent.mkdir(parents=True, exist_ok=True)
            _sync(target.parent.parent)
            source.replace(target)
        _sync(target.parent)

    def open(self, name: str) -> BinaryIO:
        """Open for reading. Raises FileNotFoundError."""
        return self._path(name).open("rb")

    def exists(self, name: str) -> bool:
        return self._path(name).is_file()

    def delete(self, name: str) -> None:
        """Delete the file. A missing file is no error."""
        self._path(name).unlink(missing_ok=True)

    def take(self, name: str, path: Path) -> None:
        """Move a file out of the store to a temporary path. Raises FileNotFoundError."""
        self._path(name).replace(path)

    def move(self, name: str, to: str, *, inode: int) -> bool:
        """Rename a file within the store. Returns False if it is no longer the file of `inode`."""
        source, target = self._path(name), self._path(to)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            source.replace(target)
        except FileNotFoundError:
            return False
        if target.stat().st_ino == inode:
            return True
        # A download replaced the file after the caller read it. Only a look after the rename is
        # free of a race, so the new bytes are moved back.
        target.replace(source)
        return False

    def copy(self, source: Path, name: str, sha256: str) -> bool:
        """Copy a file from elsewhere into the store, if it has that digest.

        Returns False if the source is missing or has other bytes. Raises other OSErrors.
        """
        with self.temporary_path() as path:
            try:
                shutil.copyfile(source, path)
            except FileNotFoundError:
                return False
            if digest(path) != sha256:
                return False
            self.put(path, name)
        return True

    def entries(self, below: str = "") -> Iterator[StoreEntry]:
        """Yield every file in the store or, with `below`, in quarantine; no temporary files."""
        for path in (self.root / below).glob("[0-9a-f][0-9a-f]/*"):
            with suppress(FileNotFoundError):  # the file was moved meanwhile
                changed = datetime.fromtimestamp(path.stat().st_ctime, UTC)
                yield StoreEntry(str(path.relative_to(self.root)), changed)

    def temporary_folder(self) -> Path:
        """Return the folder of files that have no name yet, on the same file system."""
        folder = self.root / TEMP_FOLDER
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    @contextmanager
    def temporary_path(self) -> Iterator[Path]:
        """Yield a path on the same file system; delete its file on exit unless it was `put`."""
        path = self.temporary_folder() / uuid.uuid4().hex
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def sweep(self, *, now: float | None = None) -> int:
        """Delete temporary files that killed downloads left behind. Returns how many."""
        now = time.time() if now is None else now
        return sum(_delete_abandoned(path, now) for path in (self.root / TEMP_FOLDER).glob("*"))

    def _path(self, name: str) -> Path:
        # Neither `..` nor a symbolic link may lead out of the store. Only what lies below the root
        # is looked at: resolving the whole path takes longer than renaming a file.
        path = os.path.normpath(os.path.join(self._resolved_root, name))  # noqa: PTH118  faster
        if _has_link(path, above=self._resolved_root):
            path = os.path.realpath(path)
        if not path.startswith(self._resolved_root + os.sep):
            raise SuspiciousFileOperation("The name leads out of the store")
        return Path(path)

    @cached_property
    def _resolved_root(self) -> str:
        return os.path.realpath(self.root)


def default() -> Store:
    return Store(Path(settings.MEDIA_ROOT))


def save(data: bytes, kind: Kind) -> MediaContent:
    content = MediaContent(hashlib.sha256(data).hexdigest(), len(data), kind)
    media_store = default()
    with media_store.temporary_path() as path:
        path.write_bytes(data)
        media_store.put(path, content.name)
    return content


def _has_link(path: str, *, above: str) -> bool:
    while len(path) > len(above):
        if os.path.islink(path):  # noqa: PTH114  faster
            return True
        path = os.path.dirname(path)  # noqa: PTH120  faster
    return False


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal. Uses constant memory. Raises OSError."""
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _has_same_bytes(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and has_digest(one, digest(other))


def has_digest(path: Path, sha256: str) -> bool:
    """Return whether the file exists, is readable and has that digest. Raises other OSErrors."""
    try:
        return digest(path) == sha256
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno != errno.EIO:  # EIO is a bad sector
            raise
        return False


def _delete_abandoned(path: Path, now: float) -> bool:
    kept = PARTIAL_KEPT if path.name.startswith(PARTIAL_PREFIX) else ABANDONED_AFTER
    try:
        abandoned = path.stat().st_mtime < now - kept
        if abandoned:
            path.unlink()
    except FileNotFoundError:  # its download has ended meanwhile
        return False
    return abandoned
