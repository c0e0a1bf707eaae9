"""Does a file reach the end that its own structure names? Told without decoding it. Pure.

No decoder is asked: what it cannot read is a missing fact, and what it reads may be cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from storage.formats.media_types import AVIF, GIF, HEIC, JPEG, M4A, MOV, MP4, PNG, WEBM, WEBP, Kind

Read = Callable[[int, int], bytes]
"""From an offset so many bytes, or those that there are."""

BOXED = frozenset({MP4, MOV, M4A, HEIC, AVIF})
"""Kinds made of boxes (ISO 14496-12), each with its length in front."""
BOXES = frozenset(
    (b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"meta", b"idat", b"sidx", b"ssix", b"mfra",
     b"free", b"skip", b"wide", b"pnot", b"udta", b"uuid", b"emsg", b"prft", b"pdin", b"meco")
)  # fmt: skip
"""Those that stand at the top of a file."""
MAX_STEPS = 100_000
"""Boxes or chunks that are followed: hours of fragments, and no time for hostile bytes."""
MAX_BLOCKS = 10_000_000
"""Blocks of one GIF that are followed; each has up to 255 bytes, so 2 GB of usual ones."""
SEGMENT = b"\x18\x53\x80\x67"
MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
"""Of a JPEG, one that ends a scan: no stuffed byte, no restart, no fill byte."""
EOI = 0xD9
SCANNED = 1 << 16
"""Bytes of a scan that are read at once."""


def is_whole(kind: Kind, read: Read, size: int) -> bool:
    """Whether nothing is missing at the end of the file; True too where its kind cannot tell.

    What cannot be seen: a cut between two boxes, and one in a last box of unknown length.
    """
    check = CHECKS.get(kind)
    return check is None or check(read, size)


def _is_boxed_to_the_end(read: Read, size: int) -> bool:
    place = 0
    for _ in range(MAX_STEPS):
        head = read(place, 16)
        if head[4:8] not in BOXES:  # the end, or what some writers leave behind it
            return True
        length = _box_length(head, size - place)
        if not 8 <= length <= size - place:
            return False
        place += length
    return False


def _box_length(head: bytes, left: int) -> int:
    length = int.from_bytes(head[:4])
    if length == 0:  # to the end of the file
        return left
    return int.from_bytes(head[8:16]) if length == 1 else length


def _has_last_chunk(read: Read, size: int) -> bool:
    place = 8
    for _ in range(MAX_STEPS):
        head = read(place, 8)
        place += 12 + int.from_bytes(head[:4])
        if place > size or len(head) < 8:
            return False
        if head[4:] == b"IEND":
            return True
    return False


def _has_end_of_image(read: Read, size: int) -> bool:
    """Whether EOI follows the last scan of the first picture; more pictures may stand behind it."""
    place = 2
    for _ in range(MAX_STEPS):
        marker = _next_marker(read, place, size)
        if marker is None:
            return False
        head = read(marker, 4)
        if head[1] == EOI:
            return True
        place = marker + 2 + int.from_bytes(head[2:])
    return False


def _next_marker(read: Read, place: int, size: int) -> int | None:
    """Where the next marker is that has a length, or ends the picture."""
    while place < size - 1:
        found = MARKER.search(read(place, SCANNED))
        if found is not None:
            return place + found.start()
        place += SCANNED - 1  # a marker may lie across the border
    return None


def _has_trailer(read: Read, size: int) -> bool:
    """Follow the blocks of a GIF to its trailer, over the zeros that some writers leave between."""
    blocks = _Blocks(read)
    place = 13 + _colours(read(10, 1))
    for _ in range(MAX_STEPS):
        if place >= size:
            return False
        head = read(place, 10)
        if head[:1] == b";":
            return True
        if head[:1] == b"!":
            place = blocks.end(place + 2)
        elif head[:1] == b"," and len(head) == 10:
            place = blocks.end(place + 11 + _colours(head[9:]))
        elif head[:1] == b"\0":
            place += 1
        else:  # bytes that no reader understands
            return False
    return False


def _colours(flags: bytes) -> int:
    """How many bytes the colour table takes that these flags announce."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


class _Blocks:
    """The blocks of a GIF, each with its length in front, up to one of none; read in windows."""

    def __init__(self, read: Read) -> None:
        self._read, self._left = read, MAX_BLOCKS
        self._start, self._window = 0, b""

    def end(self, place: int) -> int:
        """Where the blocks from there on end; at or behind the end of the file if they do not."""
        while length := self._length(place):
            place += 1 + length
        return place + 1

    def _length(self, place: int) -> int:
        if not self._start <= place < self._start + len(self._window):
            self._start, self._window = place, self._read(place, SCANNED)
        self._left -= 1
        return self._window[place - self._start] if self._window and self._left > 0 else 0


def _has_its_chunks(read: Read, size: int) -> bool:
    """Whether the RIFF of a WebP has the length that it announces."""
    return 8 + int.from_bytes(read(4, 4), "little") <= size


def _has_its_segment(read: Read, size: int) -> bool:
    place, header = _sized(read, 4)
    segment = place + (header or 0)
    start, length = _sized(read, segment + 4)
    if read(segment, 4) != SEGMENT or length is None:
        return True
    return start + length <= size


def _sized(read: Read, place: int) -> tuple[int, int | None]:
    """The number of variable length there: where it ends, and its value, None for unknown."""
    data = read(place, 8)
    width = 9 - data[0].bit_length() if data else 1
    value = int.from_bytes(data[:width]) & ~(-1 << 7 * width)
    return place + width, None if value == (1 << 7 * width) - 1 else value


CHECKS: dict[Kind, Callable[[Read, int], bool]] = {
    **dict.fromkeys(BOXED, _is_boxed_to_the_end),
    JPEG: _has_end_of_image,
    PNG: _has_last_chunk,
    GIF: _has_trailer,
    WEBP: _has_its_chunks,
    WEBM: _has_its_segment,
}
