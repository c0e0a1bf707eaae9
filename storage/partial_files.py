"""Partial downloads on disk, which a later attempt can resume.

    tmp/part-<key>         the bytes that have arrived
    tmp/part-<key>.json    the checkpoint: version and length of the whole file, the number of
                           bytes that are known to be on disk, and their SHA-256

A checkpoint is written only after its bytes are synced. After a kill or a power cut, bytes beyond
the checkpoint are cut off, and bytes that do not match its digest are dropped. A partial download
belongs to the process that holds its file lock; the kernel releases the lock of a killed process.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from io import FileIO
from pathlib import Path

from storage.formats.media_types import HEAD_SIZE
from storage.source_names import source_name
from storage.store import PARTIAL_PREFIX, TEMP_FOLDER, Store

BLOCK = 1024 * 1024
# Bytes below which a download starts over.
MIN_RESUME_SIZE = 64
# The most bytes that a killed download has to fetch again.
CHECKPOINT_EVERY = 8 * BLOCK


@dataclass(frozen=True, slots=True)
class Version:
    """The strong validator and length that a host must confirm before it sends only the rest."""

    validator: str
    total: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The content of the JSON file: the version, and the bytes of it that are on disk."""

    validator: str
    total: int
    size: int
    sha256: str


class PartialDownload:
    """The bytes of a download so far, their number and digest. Not shared between threads."""

    def __init__(self, file: FileIO, *, checkpoint_every: int = CHECKPOINT_EVERY) -> None:
        self.path = Path(str(file.name))
        self.size = 0
        self.version: Version | None = None
        self._file = file
        self._digest = hashlib.sha256()
        self._checkpoint_every = checkpoint_every
        self._checkpoint_path = self.path.with_name(f"{self.path.name}.json")
        self._checkpointed = 0
        self._is_empty = False
        self._is_finished = False
        self._head = b""

    @property
    def sha256(self) -> str:
        """The digest of the bytes so far, hexadecimal."""
        return self._digest.hexdigest()

    @property
    def can_resume(self) -> bool:
        """Whether a host can be asked for the rest of the file."""
        return self.version is not None and MIN_RESUME_SIZE <= self.size < self.version.total

    def load_checkpoint(self) -> None:
        """Keep the bytes that the checkpoint confirms; start over if it is missing or wrong."""
        if not os.fstat(self._file.fileno()).st_size:
            self._is_empty = True
            return
        checkpoint = _read_checkpoint(self._checkpoint_path)
        if checkpoint is None or self._hash_first(checkpoint.size) != checkpoint.sha256:
            self.restart(None)
            return
        self.version = Version(checkpoint.validator, checkpoint.total)
        self.size = self._checkpointed = checkpoint.size
        self._file.truncate(checkpoint.size)

    def restart(self, version: Version | None) -> None:
        """Drop all bytes and begin this version. A download without a version cannot be resumed."""
        if not self._is_empty:
            self._checkpoint_path.unlink(missing_ok=True)
            self._file.seek(0)
            self._file.truncate()
        self._is_empty = True
        self._digest = hashlib.sha256()
        self._head = b""
        self.size = self._checkpointed = 0
        self.version = version

    def write(self, data: bytes) -> None:
        self._is_empty = False
        # An unbuffered write may take only some of the bytes, for example on an almost full disk.
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]
        self._digest.update(data)
        self.size += len(data)
        if self.size - self._checkpointed >= self._checkpoint_every:
            self.save_checkpoint()

    def save_checkpoint(self) -> None:
        """Sync the bytes and write the checkpoint, if the download can be resumed from it."""
        if self.version is None or not self.can_resume or self._checkpointed == self.size:
            return
        os.fdatasync(self._file.fileno())
        checkpoint = Checkpoint(self.version.validator, self.version.total, self.size, self.sha256)
        # A rename replaces the checkpoint in one step, so a kill never leaves half of one.
        temporary = self._checkpoint_path.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(checkpoint)))
        temporary.replace(self._checkpoint_path)
        self._checkpointed = self.size

    def head(self) -> bytes:
        """Return the first bytes, which identify the kind of file."""
        if len(self._head) < min(self.size, HEAD_SIZE):
            self._head = self.read(0, HEAD_SIZE)
        return self._head

    def read(self, start: int, size: int) -> bytes:
        """Return `size` bytes from offset `start`, or fewer at the end of the file."""
        return os.pread(self._file.fileno(), size, start)

    def finish(self, media_store: Store, name: str) -> None:
        if self._checkpointed:
            self._checkpoint_path.unlink(missing_ok=True)
        media_store.put(self.path, name, descriptor=self._file.fileno())
        self._is_finished = True

    def clean_up(self) -> None:
        """Delete the bytes, unless a checkpoint keeps them or they were moved into the store."""
        if not self._is_finished and not self._checkpointed:
            self.path.unlink(missing_ok=True)

    def _hash_first(self, size: int) -> str:
        """Hash the first bytes in constant memory; leaves the file position behind them."""
        self._file.seek(0)
        self._digest = hashlib.sha256()
        while size and (block := self._file.read(min(size, BLOCK))):
            self._digest.update(block)
            size -= len(block)
        return self.sha256


def key(asset: int, url: str) -> str:
    """Return the name of an asset's partial download.

    It contains a hash of the source name, so bytes of another file are never resumed.
    """
    return f"{asset}-{hashlib.sha256(source_name(url).encode()).hexdigest()[:16]}"


@contextmanager
def open_partial(
    media_store: Store, key: str, *, checkpoint_every: int = CHECKPOINT_EVERY
) -> Iterator[PartialDownload]:
    """Open the partial download of that key with the bytes of earlier attempts.

    On exit the bytes are deleted unless a checkpoint was written. If another worker holds the
    lock, yields an empty download under a temporary name, which is never resumed.
    """
    with _locked(media_store, key) as file:
        partial = PartialDownload(file, checkpoint_every=checkpoint_every)
        partial.load_checkpoint()
        try:
            yield partial
            partial.save_checkpoint()
        finally:
            partial.clean_up()


def discard(media_store: Store, assets: Collection[int]) -> None:
    """Delete the partial downloads of these assets, except those that a worker has locked.

    The caller repeats the call until the workers are done.
    """
    wanted = {str(asset) for asset in assets}
    paths = (media_store.root / TEMP_FOLDER).glob(f"{PARTIAL_PREFIX}*")
    for path in {path.with_suffix("") for path in paths}:
        if path.name.removeprefix(PARTIAL_PREFIX).partition("-")[0] in wanted:
            _delete(path)


def _delete(path: Path) -> None:
    with path.open("ab", buffering=0) as file:
        if _is_ours(file, path):
            for each in (path.with_suffix(".json"), path.with_suffix(".new"), path):
                each.unlink(missing_ok=True)


@contextmanager
def _locked(media_store: Store, key: str) -> Iterator[FileIO]:
    """Open and lock the file of the key; open a spare one if another worker has the lock."""
    wanted = media_store.temporary_folder() / f"{PARTIAL_PREFIX}{key}"
    with wanted.open("a+b", buffering=0) as file:
        if _is_ours(file, wanted):
            yield file
            return
    with media_store.temporary_path() as spare, spare.open("a+b", buffering=0) as file:
        yield file


def _is_ours(file: FileIO, path: Path) -> bool:
    """Lock the file. Returns False if another worker holds it or has moved it since the open."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Between open and lock, the former holder may have moved the file into the store. Then
        # the lock is on stored bytes, and writing would damage them.
        return path.stat().st_ino == os.fstat(file.fileno()).st_ino
    except (BlockingIOError, FileNotFoundError):
        return False


def _read_checkpoint(path: Path) -> Checkpoint | None:
    with suppress(FileNotFoundError, ValueError, TypeError):
        checkpoint = Checkpoint(**json.loads(path.read_bytes()))
        if MIN_RESUME_SIZE <= checkpoint.size < checkpoint.total:
            return checkpoint
    return None
