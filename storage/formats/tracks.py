"""Reads the tracks of an MP4 or MOV from their headers (ISO 14496-12), without a decoder."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from storage.formats import items
from storage.formats.facts import PixelSize, size_of

# The most bytes of `moov` that are read; the index of about ten hours of video.
MAX_MOOV = 64 << 20

# The numbers a, b, c, d of a display matrix: x' = ax + cy, y' = bx + dy.
Matrix = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Track:
    """The facts of `tkhd`. `size` is before the matrix and includes the pixel aspect ratio."""

    size: PixelSize | None
    matrix: Matrix


def read(file: BinaryIO) -> dict[int, Track]:
    """Return the tracks by their ids. Without `moov` there are none."""
    moov = items.top_box(file, b"moov", MAX_MOOV) or b""
    traks = (dict(items.boxes(data)) for name, data in items.boxes(moov) if name == b"trak")
    return dict(_track(trak[b"tkhd"]) for trak in traks if len(trak.get(b"tkhd", b"")) >= 84)


def _track(tkhd: bytes) -> tuple[int, Track]:
    # In version 1 the times before the id take 8 bytes each. The box ends with the size, as 16.16
    # fixed-point numbers.
    (number,) = struct.unpack_from(">I", tkhd, 20 if tkhd[0] == 1 else 12)
    a, b, _, c, d, *_rest, width, height = struct.unpack(">9i2I", tkhd[-44:])
    return number, Track(size_of(width >> 16, height >> 16), (a, b, c, d))
