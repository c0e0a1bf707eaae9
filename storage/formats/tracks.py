"""The tracks of an MP4 or MOV as their headers describe them (ISO 14496-12). No decoder."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from storage.formats import items
from storage.formats.facts import Size, size_of

MAX_MOOV = 64 << 20
"""Bytes of `moov` that are read: the index of some ten hours."""

Matrix = tuple[int, int, int, int]
"""a, b, c, d of a display matrix: x' = ax + cy, y' = bx + dy."""


@dataclass(frozen=True, slots=True)
class Track:
    """Of `tkhd`: the size before the matrix is applied, with the pixels' aspect in it."""

    size: Size | None
    matrix: Matrix


def read(file: BinaryIO) -> dict[int, Track]:
    """The tracks by their ids; none where there is no `moov`."""
    moov = items.top_box(file, b"moov", MAX_MOOV) or b""
    traks = (dict(items.boxes(data)) for name, data in items.boxes(moov) if name == b"trak")
    return dict(_track(trak[b"tkhd"]) for trak in traks if len(trak.get(b"tkhd", b"")) >= 84)


def _track(tkhd: bytes) -> tuple[int, Track]:
    # In version 1 the times are of 8 bytes. The size ends the box, in fixed point of 16.16.
    (number,) = struct.unpack_from(">I", tkhd, 20 if tkhd[0] == 1 else 12)
    a, b, _, c, d, *_rest, width, height = struct.unpack(">9i2I", tkhd[-44:])
    return number, Track(size_of(width >> 16, height >> 16), (a, b, c, d))
