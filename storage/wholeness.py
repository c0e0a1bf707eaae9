"""Does a file reach the end that its own structure names? Told without decoding it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from storage.kinds import AVIF, GIF, HEIC, JPEG, MOV, MP4, PNG, WEBM, WEBP, Kind

Read = Callable[[int, int], bytes]
"""From an offset so many bytes, or those that there are."""

BOXED = frozenset({MP4, MOV, HEIC, AVIF})
"""Kinds made of boxes (ISO 14496-12), each with its length in front."""
CHECKED = BOXED | {JPEG, PNG, WEBP}
"""Kinds whose end is looked at whatever the host says of their length. A GIF is shown by every
viewer without its last byte, and a WebM may be a live stream."""
BOXES = frozenset(
    (b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"meta", b"idat", b"sidx", b"ssix", b"mfra",
     b"free", b"skip", b"wide", b"pnot", b"udta", b"uuid", b"emsg", b"prft", b"pdin", b"meco")
)  # fmt: skip
"""Those that stand at the top of a file."""
MOST_STEPS = 100_000
"""Boxes or chunks that are followed: hours of fragments, and no time for hostile bytes."""
SEGMENT = b"\x18\x53\x80\x67"
BLOCK = 256 * 1024
# In the coded data of a JPEG 0xFF is followed by 0, by a restart's number, or it is filling.
JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
# Markers without a length behind them.
BARE = frozenset({0x01, *range(0xD0, 0xD9)})


def is_whole(kind: Kind, read: Read, size: int) -> bool:
    """Whether nothing is missing at the end of the file; True too where its kind cannot tell.

    What cannot be seen: a cut between two boxes, and one in a last box of unknown length.
    """
    check = CHECKS.get(kind)
    return check is None or check(read, size)


def _is_boxed_to_the_end(read: Read, size: int) -> bool:
    place = 0
    for _ in range(MOST_STEPS):
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
    for _ in range(MOST_STEPS):
        head = read(place, 8)
        place += 12 + int.from_bytes(head[:4])
        if place > size or len(head) < 8:
            return False
        if head[4:] == b"IEND":
            return True
    return False


def _has_end_of_image(read: Read, size: int) -> bool:
    """Follow the segments and the coded data of a JPEG; what lies behind its end is not its."""
    place = 2
    for _ in range(MOST_STEPS):
        head = read(place, 4)
        if len(head) < 2 or head[0] != 0xFF:
            return False
        marker = head[1]
        if marker == END_OF_IMAGE:
            return True
        if marker == 0xFF:  # filling
            place += 1
        elif marker in BARE:
            place += 2
        else:
            place += 2 + int.from_bytes(head[2:])
        if marker == START_OF_SCAN:
            place = _next_marker(read, place, size)
    return False


def _next_marker(read: Read, place: int, size: int) -> int:
    """Where the coded data ends that begins there; the size where it does not."""
    while place < size:
        block = read(place, BLOCK)
        if found := JPEG_MARKER.search(block):
            return place + found.start()
        place += max(1, len(block) - 1)  # a marker may lie across two blocks
    return size


def _has_its_chunks(read: Read, size: int) -> bool:
    return 8 + int.from_bytes(read(4, 4), "little") <= size


def _has_trailer(read: Read, size: int) -> bool:
    return read(size - 1, 1) == b";"


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
    WEBP: _has_its_chunks,
    GIF: _has_trailer,
    WEBM: _has_its_segment,
}
