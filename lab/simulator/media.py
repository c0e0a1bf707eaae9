"""The bytes of all files: a few base pictures and clips, and a unique mark in each file.

A file is a base with the file's number in it (a JPEG comment or an MP4 `free` box). So every file
is unique and decodable, and making one costs a copy. Bases are made on first use and cached in a
folder below the temporary one, for later simulators.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from lab.simulator.files import File

DRAWING_VERSION = 2  # increase this whenever drawing.py changes its output
MEGABYTE = 1_000_000
ZEROS = bytes(256 * 1024)


@dataclass(frozen=True, slots=True)
class SimulatedContent:
    """The content of a file: its bytes, then `padding` zero bytes that are never held in memory."""

    real: bytes
    padding: int = 0

    @property
    def size(self) -> int:
        return len(self.real) + self.padding

    def chunks(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from `start` to `stop`. Chunks of padded files have a limited size."""
        if start < len(self.real):
            yield self.real[start:stop]
        left = stop - max(start, len(self.real))
        while left > 0:
            yield ZEROS[:left]
            left -= len(ZEROS)

    def sha256(self) -> str:
        digest = hashlib.sha256()
        for chunk in self.chunks(0, self.size):
            digest.update(chunk)
        return digest.hexdigest()


class Library:
    """Makes and caches the bases. Safe for concurrent threads and processes."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or _cache_folder()
        self._bases: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def is_ready(self, file: File) -> bool:
        """Whether `content` returns without drawing a base."""
        return _base_name(file) in self._bases

    def content(self, file: File) -> SimulatedContent:
        """Return the file's content. Its base is made and cached if it does not exist."""
        base = self._base(file)
        mark = f"simulator file {file.kind} {file.number:015}".encode()
        if not file.is_video:
            # The comment follows the two bytes that start an image. Its length includes itself.
            comment = b"\xff\xfe" + (len(mark) + 2).to_bytes(2) + mark
            return SimulatedContent(base[:2] + comment + base[2:])
        # At the end, because the index in an MP4 file holds offsets from the file's beginning.
        marked = base + _free_box(len(mark)) + mark
        if not file.padding:
            return SimulatedContent(marked)
        padding = file.padding * MEGABYTE
        return SimulatedContent(marked + _free_box(padding), padding)

    def _base(self, file: File) -> bytes:
        name = _base_name(file)
        # Held while drawing, so that several threads that want one base draw it once.
        with self._lock:
            if name not in self._bases:
                self._bases[name] = self._stored(name) or self._made(name, file)
            return self._bases[name]

    def _stored(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def _made(self, name: str, file: File) -> bytes:
        # Imported late, because the encoders take a quarter of the start-up time and are rarely
        # needed.
        from lab.simulator import drawing  # noqa: PLC0415  above

        made = drawing.clip(file.base) if file.is_video else drawing.picture(file.base)
        self._folder.mkdir(parents=True, exist_ok=True)
        # Another process may write the same base now, so each writes its own file and renames it.
        temporary = self._folder / f"{name}.{os.getpid()}"
        temporary.write_bytes(made)
        temporary.replace(self._folder / name)
        return made


def _base_name(file: File) -> str:
    return f"{'clip' if file.is_video else 'picture'}-{file.base}"


def _free_box(payload: int) -> bytes:
    return (8 + payload).to_bytes(4) + b"free"


def _cache_folder() -> Path:
    """Return the cache folder of this user and these encoders.

    Other encoders make other bytes, and both processes of a simulator must serve the same ones. If
    the folder belongs to another user, a new temporary folder is used.
    """
    made_by = f"{DRAWING_VERSION}-{version('pillow')}-{version('av')}"
    shared = Path(tempfile.gettempdir()) / f"simulator-media-{os.getuid()}"
    shared.mkdir(mode=0o700, exist_ok=True)
    # lstat: another user may have put a link there, and the folder below /tmp has a known name.
    status = shared.lstat()
    if stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid():
        return shared / made_by
    return Path(tempfile.mkdtemp(prefix="simulator-media-"))
