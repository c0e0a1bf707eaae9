"""Changes MP4 and AVIF files byte by byte, for properties that no available encoder writes."""

from __future__ import annotations

import struct
from collections.abc import Callable

CONTAINERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"iprp"})


def box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + name + data


def avif_with(
    make: Callable[[], bytes],
    *,
    clap: tuple[int, int, int, int] | None = None,
    irot: int | None = None,
    imir: int | None = None,
) -> bytes:
    """The AVIF with these properties of its only picture; `clap` is width, height, right, down."""
    added = []
    if clap is not None:
        added.append(box(b"clap", b"".join(struct.pack(">iI", number, 1) for number in clap)))
    if irot is not None:
        added.append(box(b"irot", bytes([irot])))
    if imir is not None:
        added.append(box(b"imir", bytes([imir])))
    return _with_properties(make(), added)


def _with_properties(data: bytes, added: list[bytes]) -> bytes:
    ipco, ipma = _find(data, b"ipco"), _find(data, b"ipma")
    properties = data[ipco + 8 : ipco + _length(data, ipco)]
    first = _count(properties) + 1
    listed = data[ipma + 8 : ipma + _length(data, ipma)]
    indexes = bytes(0x80 | first + number for number in range(len(added)))
    # One item with indexes of one byte: version and flags, count, id, count of properties.
    listed = listed[:10] + bytes([listed[10] + len(added)]) + listed[11:] + indexes
    grown = sum(map(len, added)) + len(added)
    new = box(b"ipco", properties + b"".join(added)) + box(b"ipma", listed)
    data = data[:ipco] + new + data[ipma + _length(data, ipma) :]
    for name in (b"iprp", b"meta"):
        data = _lengthen(data, _find(data, name), grown)
    return _moved(data, grown)


def _moved(data: bytes, grown: int) -> bytes:
    """Correct the offset of the item's bytes: the last field but one of `iloc`."""
    iloc = _find(data, b"iloc")
    place = iloc + _length(data, iloc) - 8
    (offset,) = struct.unpack_from(">I", data, place)
    return data[:place] + struct.pack(">I", offset + grown) + data[place + 4 :]


def _lengthen(data: bytes, place: int, grown: int) -> bytes:
    return data[:place] + struct.pack(">I", _length(data, place) + grown) + data[place + 4 :]


def _find(data: bytes, name: bytes) -> int:
    return data.index(name) - 4


def _length(data: bytes, place: int) -> int:
    return int.from_bytes(data[place : place + 4])


def _count(properties: bytes) -> int:
    place = count = 0
    while place < len(properties):
        place += _length(properties, place)
        count += 1
    return count


STRAIGHT = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def with_matrix(data: bytes, a: float, b: float, c: float, d: float) -> bytes:
    """The MP4 with these numbers in the matrix of its last track."""
    one = 0x10000
    numbers = [round(a * one), round(b * one), 0, round(c * one), round(d * one), 0, 0, 0]
    place = data.rindex(STRAIGHT)
    return data[:place] + struct.pack(">9i", *numbers, 0x40000000) + data[place + len(STRAIGHT) :]


def with_track_size(data: bytes, width: int, height: int) -> bytes:
    """The MP4 with this size of its last track's presentation, and no aspect of its pixels."""
    place = data.rindex(STRAIGHT) + len(STRAIGHT)
    data = data[:place] + struct.pack(">II", width << 16, height << 16) + data[place + 8 :]
    return data.replace(b"pasp", b"free")


def with_udta_first(data: bytes, udta: bytes) -> bytes:
    """The MP4 with a `udta` in front of the tracks. `moov` must be its last box."""
    place = _find(data, b"moov")
    header = _find(data, b"mvhd")
    end = header + _length(data, header)
    return _lengthen(data[:end] + udta + data[end:], place, len(udta))
