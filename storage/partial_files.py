"""A file in the making, which a later attempt can take up where this one broke off.

    tmp/part-<key>         the bytes that have arrived
    tmp/part-<key>.json    a note: which version of which length they begin, how many are sure,
                           and the SHA-256 of those

The note is written behind synced bytes, so what a kill or a power cut left beyond it is cut off,
and what does not have the noted digest is not used. A part belongs to whoever holds its lock; the
system takes that from a killed process.
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
from storage.store import ASIDE, PART, Store

BLOCK = 1024 * 1024
MIN_RESUMED = 64
"""Bytes below which a download begins at the beginning."""
NOTE_EVERY = 8 * BLOCK
"""Bytes at most that a killed download has to fetch again."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a host must confirm before it may send only the rest: strong validator and length."""

    validator: str
    total: int


@dataclass(frozen=True, slots=True)
class Note:
    """What is known of the bytes on disk."""

    validator: str
    total: int
    size: int
    sha256: str


class Part:
    """The bytes so far, their number and their digest. Not shared between threads."""

    def __init__(self, file: FileIO, *, note_every: int = NOTE_EVERY) -> None:
        self.path = Path(str(file.name))
        self.size = 0
        self.version: Version | None = None
        self._file = file
        self._digest = hashlib.sha256()
        self._note_every = note_every
        self._note_path = self.path.with_name(f"{self.path.name}.json")
        self._noted = 0
        self._is_finished = False

    @property
    def sha256(self) -> str:
        """The digest of the bytes so far, hexadecimal."""
        return self._digest.hexdigest()

    @property
    def can_go_on(self) -> bool:
        """Whether a host could be asked for the rest."""
        return self.version is not None and MIN_RESUMED <= self.size < self.version.total

    def recall(self) -> None:
        """Take up the bytes that the note vouches for; none where it is missing or wrong."""
        note = _read(self._note_path)
        if note is None or self._hashed(note.size) != note.sha256:
            self.begin(None)
            return
        self.version = Version(note.validator, note.total)
        self.size = self._noted = note.size
        self._file.truncate(note.size)

    def begin(self, version: Version | None) -> None:
        """Drop what there is and begin this version; None: one that cannot be taken up."""
        self._note_path.unlink(missing_ok=True)
        self._file.seek(0)
        self._file.truncate()
        self._digest = hashlib.sha256()
        self.size = self._noted = 0
        self.version = version

    def write(self, data: bytes) -> None:
        """Append; also where the system takes the data in pieces, as on a disk almost full."""
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]
        self._digest.update(data)
        self.size += len(data)
        if self.size - self._noted >= self._note_every:
            self.note()

    def note(self) -> None:
        """Make the bytes so far sure, if the rest of them could be asked for."""
        if self.version is None or not self.can_go_on or self._noted == self.size:
            return
        os.fdatasync(self._file.fileno())
        note = Note(self.version.validator, self.version.total, self.size, self.sha256)
        fresh = self._note_path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(note)))
        fresh.replace(self._note_path)
        self._noted = self.size

    def head(self) -> bytes:
        """The first bytes, by which the kind is recognised."""
        return self.read(0, HEAD_SIZE)

    def read(self, start: int, size: int) -> bytes:
        """Bytes from the middle; fewer where it ends before."""
        return os.pread(self._file.fileno(), size, start)

    def finish(self, shelf: Store, name: str) -> None:
        """Put the whole file into the store."""
        self._note_path.unlink(missing_ok=True)
        shelf.put(self.path, name)
        self._is_finished = True

    def leave(self) -> None:
        """Remove the bytes, unless they are noted for a later attempt or were put elsewhere."""
        if not self._is_finished and not self._noted:
            self.path.unlink(missing_ok=True)

    def _hashed(self, size: int) -> str:
        """The digest of the first bytes, read in constant memory; the position is behind them."""
        self._file.seek(0)
        self._digest = hashlib.sha256()
        while size and (block := self._file.read(min(size, BLOCK))):
            self._digest.update(block)
            size -= len(block)
        return self.sha256


def key(asset: int, url: str) -> str:
    """The name of an asset's part; another file of the same asset has another one."""
    return f"{asset}-{hashlib.sha256(source_name(url).encode()).hexdigest()[:16]}"


@contextmanager
def opened(shelf: Store, key: str, *, note_every: int = NOTE_EVERY) -> Iterator[Part]:
    """The part of that key, with what an earlier attempt left; removed in the end unless noted.

    While another worker holds it, an empty part that nobody will take up.
    """
    with shelf.aside() as spare, _held(spare.with_name(PART + key), spare) as file:
        part = Part(file, note_every=note_every)
        part.recall()
        try:
            yield part
            part.note()
        finally:
            part.leave()


def discard(shelf: Store, assets: Collection[int]) -> None:
    """Delete the parts of these assets; one that a worker holds is left to another call."""
    wanted = {str(asset) for asset in assets}
    for path in {path.with_suffix("") for path in (shelf.root / ASIDE).glob(f"{PART}*")}:
        if path.name.removeprefix(PART).partition("-")[0] in wanted:
            _delete(path)


def _delete(path: Path) -> None:
    """The part and its notes, under its lock."""
    with path.open("ab", buffering=0) as file:
        if _is_ours(file, path):
            for each in (path.with_suffix(".json"), path.with_suffix(".new"), path):
                each.unlink(missing_ok=True)


@contextmanager
def _held(wanted: Path, spare: Path) -> Iterator[FileIO]:
    """The wanted file under our lock, or the spare one."""
    with wanted.open("a+b", buffering=0) as file:
        if _is_ours(file, wanted):
            yield file
            return
    with spare.open("a+b", buffering=0) as file:
        yield file


def _is_ours(file: FileIO, path: Path) -> bool:
    """Lock the file; False when another holds it, or has put it elsewhere since it was opened."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return path.stat().st_ino == os.fstat(file.fileno()).st_ino
    except (BlockingIOError, FileNotFoundError):
        return False


def _read(path: Path) -> Note | None:
    """The note of a part; None where there is none that could be used."""
    with suppress(FileNotFoundError, ValueError, TypeError):
        note = Note(**json.loads(path.read_bytes()))
        if MIN_RESUMED <= note.size < note.total:
            return note
    return None
