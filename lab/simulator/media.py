"""The bytes of every file: a few base pictures and clips, each file with its own mark.

A file is a base with the file's number in it (a JPEG comment, an MP4 `free` box): every file is
distinct and decodable, and making one costs a copy. Bases are made when first needed and kept in a
folder below the temporary one, so that the next simulator starts with them.
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

DRAWING_VERSION = 2  # raise it whenever drawing.py draws something else
MEGABYTE = 1_000_000
ZEROS = bytes(256 * 1024)


@dataclass(frozen=True, slots=True)
class MediaContent:
    """What a file holds: real bytes, then `padding` zero bytes that are never held in memory."""

    real: bytes
    padding: int = 0

    @property
    def size(self) -> int:
        """The number of bytes altogether."""
        return len(self.real) + self.padding

    def chunks(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from `start` up to `stop`, in pieces of bounded size once padded."""
        if start < len(self.real):
            yield self.real[start:stop]
        left = stop - max(start, len(self.real))
        while left > 0:
            yield ZEROS[:left]
            left -= len(ZEROS)

    def sha256(self) -> str:
        """Return the hexadecimal SHA-256 of the whole content."""
        digest = hashlib.sha256()
        for chunk in self.chunks(0, self.size):
            digest.update(chunk)
        return digest.hexdigest()


class Library:
    """Makes and keeps the bases. Safe to use from several threads and several processes."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or _cache_folder()
        self._bases: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def is_ready(self, file: File) -> bool:
        """Whether `content` answers at once."""
        return _base_name(file) in self._bases

    def content(self, file: File) -> MediaContent:
        """Return the file's bytes, making and storing its base when it does not exist yet."""
        base = self._base(file)
        mark = f"simulator file {file.kind} {file.number:015}".encode()
        if not file.is_video:
            return MediaContent(_with_comment(base, mark))
        marked = base + _free_box(len(mark)) + mark
        if not file.padding:
            return MediaContent(marked)
        padding = file.padding * MEGABYTE
        return MediaContent(marked + _free_box(padding), padding)

    def _base(self, file: File) -> bytes:
        name = _base_name(file)
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
        # The encoders take a quarter of the start, and the bases are mostly stored.
        from lab.simulator import drawing  # noqa: PLC0415  above

        made = drawing.clip(file.look) if file.is_video else drawing.picture(file.look)
        self._folder.mkdir(parents=True, exist_ok=True)
        # Another process may be at it too: a reader must never see half a file.
        temporary = self._folder / f"{name}.{os.getpid()}"
        temporary.write_bytes(made)
        temporary.replace(self._folder / name)
        return made


def _base_name(file: File) -> str:
    return f"{'clip' if file.is_video else 'picture'}-{file.look}"


def _with_comment(jpeg: bytes, text: bytes) -> bytes:
    start_of_image = 2
    comment = b"\xff\xfe" + (len(text) + 2).to_bytes(2) + text
    return jpeg[:start_of_image] + comment + jpeg[start_of_image:]


def _free_box(payload: int) -> bytes:
    return (8 + payload).to_bytes(4) + b"free"


def _cache_folder() -> Path:
    """Return the folder for this user and these encoders; a private one if somebody else owns it.

    Other encoders make other bytes: a world must hold the same bytes in both of its processes.
    """
    made_by = f"{DRAWING_VERSION}-{version('pillow')}-{version('av')}"
    shared = Path(tempfile.gettempdir()) / f"simulator-media-{os.getuid()}"
    shared.mkdir(mode=0o700, exist_ok=True)
    status = shared.lstat()
    if stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid():
        return shared / made_by
    return Path(tempfile.mkdtemp(prefix="simulator-media-"))
