"""Detects files without their end, by the structure of the file. Pure.

No decoder is used. Decoders reject some whole files, and accept some that are cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from storage.formats.media_types import AVIF, GIF, HEIC, JPEG, M4A, MOV, MP4, PNG, WEBM, WEBP, Kind

# Takes an offset and a number of bytes; returns fewer bytes at the end of the file.
Read = Callable[[int, int], bytes]

# Kinds that consist of boxes (ISO 14496-12), each of which begins with its length.
BOXED = frozenset({MP4, MOV, M4A, HEIC, AVIF})
# The boxes at the top level of a file.
BOXES = frozenset(
    (b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"meta", b"idat", b"sidx", b"ssix", b"mfra",
     b"free", b"skip", b"wide", b"pnot", b"udta", b"uuid", b"emsg", b"prft", b"pdin", b"meco")
)  # fmt: skip
# The most boxes or chunks that are read: enough for hours of fragments, and a limit for hostile
# files.
MAX_STEPS = 100_000
# The most blocks of a GIF that are read. A block has up to 255 bytes, so this is about 2 GB.
MAX_BLOCKS = 10_000_000
SEGMENT = b"\x18\x53\x80\x67"
# A marker that ends a scan of a JPEG: not a stuffed byte, a restart or a fill byte.
MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
EOI = 0xD9
# The bytes of a scan or of blocks that are read at once: most pictures as a whole.
SCANNED = 1 << 18


def is_whole(kind: Kind, read: Read, size: int) -> bool:
    """Return whether the file reaches its end. Returns True for kinds without a check.

    A cut between two boxes, or inside a last box of unknown length, cannot be detected.
    """
    check = CHECKS.get(kind)
    return check is None or check(read, size)


def _is_boxed_to_the_end(read: Read, size: int) -> bool:
    offset = 0
    for _ in range(MAX_STEPS):
        head = read(offset, 16)
        if head[4:8] not in BOXES:  # the end, or bytes that some writers append to it
            return True
        length = _box_length(head, size - offset)
        if not 8 <= length <= size - offset:
            return False
        offset += length
    return False


def _box_length(head: bytes, left: int) -> int:
    length = int.from_bytes(head[:4])
    if length == 0:  # the box reaches to the end of the file
        return left
    return int.from_bytes(head[8:16]) if length == 1 else length


def _has_last_chunk(read: Read, size: int) -> bool:
    offset = 8
    for _ in range(MAX_STEPS):
        head = read(offset, 8)
        offset += 12 + int.from_bytes(head[:4])
        if offset > size or len(head) < 8:
            return False
        if head[4:] == b"IEND":
            return True
    return False


def _has_end_of_image(read: Read, size: int) -> bool:
    """Return whether EOI follows the last scan of the first picture; more pictures may follow."""
    window = _Window(read)
    offset = 2
    for _ in range(MAX_STEPS):
        marker = _next_marker(window.read, offset, size)
        if marker is None:
            return False
        head = window.read(marker, 4)
        if head[1] == EOI:
            return True
        offset = marker + 2 + int.from_bytes(head[2:])
    return False


def _next_marker(read: Read, offset: int, size: int) -> int | None:
    """Return the offset of the next marker that has a length or ends the picture."""
    length = 4  # a marker follows a segment at once; only the data of a scan is searched for it
    while offset < size - 1:
        found = MARKER.search(read(offset, length))
        if found is not None:
            return offset + found.start()
        offset += length - 1  # a marker may lie across two reads
        length = SCANNED
    return None


class _Window:
    """Reads parts of a file out of the last block that was read."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._start = 0
        self._block = b""
        self._reaches_the_end = False

    def read(self, offset: int, size: int) -> bytes:
        start = offset - self._start
        wanted = 0 if self._reaches_the_end else size
        if not 0 <= start <= len(self._block) - wanted:
            self._start, self._block, start = offset, self._read(offset, SCANNED), 0
            self._reaches_the_end = len(self._block) < SCANNED
        return self._block[start : start + size]


def _has_trailer(read: Read, size: int) -> bool:
    """Return whether a GIF has its trailer. Skips zeros between blocks, as some writers leave."""
    blocks = _Blocks(read)
    offset = 13 + _colours(read(10, 1))
    for _ in range(MAX_STEPS):
        if offset >= size:
            return False
        head = read(offset, 10)
        if head[:1] == b";":
            return True
        if head[:1] == b"!":
            offset = blocks.end(offset + 2)
        elif head[:1] == b"," and len(head) == 10:
            offset = blocks.end(offset + 11 + _colours(head[9:]))
        elif head[:1] == b"\0":
            offset += 1
        else:  # no reader understands other bytes
            return False
    return False


def _colours(flags: bytes) -> int:
    """Return the number of bytes of the colour table that these flags announce."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


class _Blocks:
    """Reads runs of GIF blocks. A block begins with its length; an empty one ends the run.

    The file is read in large windows, because one read per block takes minutes for hostile files.
    """

    def __init__(self, read: Read) -> None:
        self._read, self._left = read, MAX_BLOCKS
        self._start, self._window = 0, b""

    def end(self, offset: int) -> int:
        """Return the offset behind the run that begins there, or one behind the end of the file."""
        while length := self._length(offset):
            offset += 1 + length
        return offset + 1

    def _length(self, offset: int) -> int:
        if not self._start <= offset < self._start + len(self._window):
            self._start, self._window = offset, self._read(offset, SCANNED)
        self._left -= 1
        return self._window[offset - self._start] if self._window and self._left > 0 else 0


def _has_its_chunks(read: Read, size: int) -> bool:
    """Return whether a WebP has the length that its RIFF header announces."""
    return 8 + int.from_bytes(read(4, 4), "little") <= size


def _has_its_segment(read: Read, size: int) -> bool:
    offset, header = _sized(read, 4)
    segment = offset + (header or 0)
    start, length = _sized(read, segment + 4)
    if read(segment, 4) != SEGMENT or length is None:
        return True
    return start + length <= size


def _sized(read: Read, offset: int) -> tuple[int, int | None]:
    """Read an EBML number; return the offset behind it and its value, None for unknown."""
    data = read(offset, 8)
    width = 9 - data[0].bit_length() if data else 1
    value = int.from_bytes(data[:width]) & ~(-1 << 7 * width)
    return offset + width, None if value == (1 << 7 * width) - 1 else value


CHECKS: dict[Kind, Callable[[Read, int], bool]] = {
    **dict.fromkeys(BOXED, _is_boxed_to_the_end),
    JPEG: _has_end_of_image,
    PNG: _has_last_chunk,
    GIF: _has_trailer,
    WEBP: _has_its_chunks,
    WEBM: _has_its_segment,
}
