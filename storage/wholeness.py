"""Does a file reach the end that its own structure names? Told without decoding it. Pure.

Decoders tell that of JPEG and WebP, which they read to the end. Of other kinds they decode the
first picture alone, and HEIC not at all.
"""

from __future__ import annotations

from collections.abc import Callable

from storage.kinds import AVIF, GIF, HEIC, MOV, MP4, PNG, WEBM, Kind

Read = Callable[[int, int], bytes]
"""From an offset so many bytes, or those that there are."""

BOXED = frozenset({MP4, MOV, HEIC, AVIF})
"""Kinds made of boxes (ISO 14496-12), each with its length in front."""
BOXES = frozenset(
    (b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"meta", b"idat", b"sidx", b"ssix", b"mfra",
     b"free", b"skip", b"wide", b"pnot", b"udta", b"uuid", b"emsg", b"prft", b"pdin", b"meco")
)  # fmt: skip
"""Those that stand at the top of a file."""
MOST_STEPS = 100_000
"""Boxes or chunks that are followed: hours of fragments, and no time for hostile bytes."""
SEGMENT = b"\x18\x53\x80\x67"


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
    PNG: _has_last_chunk,
    GIF: _has_trailer,
    WEBM: _has_its_segment,
}
