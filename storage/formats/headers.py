"""The size and the orientation in the headers of pictures, read without a decoder. Pure but for
the reading of the file.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from storage.formats.facts import Size, size_of

MAX_PARTS = 100_000
"""Segments or chunks that are followed."""
MAX_EXIF = 1 << 20
"""Bytes of EXIF that are looked at."""

EXIF = b"Exif\0"
"""Its last byte, mostly a second zero, is not looked at by browsers."""
ORIENTATION = 0x0112
SHORT = 3
SOI, EOI, SOS = 0xD8, 0xD9, 0xDA
ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers of a JPEG that no length follows."""
FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
COM, APP0, APP1, APP14, APP15 = 0xFE, 0xE0, 0xE1, 0xEE, 0xEF
PIXEL_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})


@dataclass(frozen=True, slots=True)
class Header:
    """`size` is that of the stored pixels, before `orientation` (EXIF, 1 to 8) turns them."""

    size: Size | None
    orientation: int = 1
    is_buffered: bool = False
    """Whether its decoder holds all coefficients of a JPEG, which takes memory at any scale."""


@dataclass(frozen=True, slots=True)
class Part:
    """A segment of a JPEG or a chunk of a PNG: where it begins, and what is in it."""

    name: int | bytes
    start: int
    end: int
    data: bytes


def jpeg(file: BinaryIO) -> Header:
    """The first frame header, and the orientation of the first EXIF segment, as browsers read it.

    A JPEG of several scans is a progressive one, or a baseline one whose first scan lacks some
    of its components.
    """
    size, exif, is_progressive, components, scanned = None, None, False, 0, 0
    for part in segments(file):
        if part.name in FRAMES and len(part.data) >= 6:
            height, width, components = struct.unpack(">HHB", part.data[1:6])
            size, is_progressive = size_of(width, height), part.name in PROGRESSIVE
        elif part.name == APP1 and exif is None and part.data.startswith(EXIF):
            exif = part.data[len(EXIF) + 1 :]
        elif part.name == SOS:
            scanned = int.from_bytes(part.data[:1])
    is_buffered = is_progressive or scanned < components
    return Header(size, exif_orientation(exif or b""), is_buffered)


def jpeg_pixels(file: BinaryIO) -> bytes:
    """The JPEG without what is not needed for its pixels: EXIF, XMP, ICC, comments, an MPO's list.

    APP0 and APP14 stay, for they tell the colour space.
    """
    kept, end = [b"\xff\xd8"], 2
    for part in segments(file):
        end = part.end
        is_beside = isinstance(part.name, int) and (part.name == COM or APP0 < part.name <= APP15)
        if not is_beside or part.name == APP14:
            length = len(part.data) + 2
            kept.append(struct.pack(">BBH", 0xFF, part.name, length) + part.data)
    file.seek(end)
    return b"".join([*kept, file.read()])


def segments(file: BinaryIO) -> Iterator[Part]:
    """The segments of a JPEG up to its first scan, that one's header included."""
    place = 2
    for _ in range(MAX_PARTS):
        file.seek(place)
        head = file.read(4)
        if len(head) < 4 or head[0] != 0xFF:
            return
        if head[1] == 0xFF or head[1] in ALONE:  # a fill byte, or a marker alone
            place += 1 if head[1] == 0xFF else 2
            continue
        if head[1] == EOI:
            return
        end = place + 2 + int.from_bytes(head[2:])
        yield Part(head[1], place, end, file.read(max(0, end - place - 4)))
        if head[1] == SOS:
            return
        place = end


def png(file: BinaryIO) -> Header:
    """What IHDR says, and the first intact `eXIf` in front of the pixels, as browsers read it."""
    size, exif = None, None
    for part in chunks(file):
        if part.name == b"IDAT":
            break
        if part.name == b"IHDR" and len(part.data) >= 8:
            size = size_of(*struct.unpack(">II", part.data[:8]))
        elif part.name == b"eXIf" and exif is None and _is_intact(file, part):
            exif = part.data
    return Header(size, exif_orientation(exif or b""))


def _is_intact(file: BinaryIO, part: Part) -> bool:
    file.seek(part.end - 4)
    return file.read(4) == zlib.crc32(b"eXIf" + part.data).to_bytes(4)


def png_pixels(file: BinaryIO) -> bytes:
    """The PNG without what is not needed for its pixels: texts, profiles, EXIF, later frames."""
    kept = [b"\x89PNG\r\n\x1a\n"]
    for part in chunks(file):
        if part.name in PIXEL_CHUNKS:
            file.seek(part.start)
            kept.append(file.read(part.end - part.start))
    return b"".join(kept)


def chunks(file: BinaryIO) -> Iterator[Part]:
    """The chunks of a PNG; the data only of those that are small and read for their own sake."""
    place = 8
    for _ in range(MAX_PARTS):
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            return
        length, name = int.from_bytes(head[:4]), head[4:]
        wanted = name in {b"IHDR", b"eXIf"} and length <= MAX_EXIF
        data = file.read(length) if wanted else b""
        yield Part(name, place, place + 12 + length, data)
        if name == b"IEND":
            return
        place += 12 + length


def gif(file: BinaryIO) -> Header:
    """The size of the logical screen."""
    file.seek(6)
    head = file.read(4)
    return Header(size_of(*struct.unpack("<HH", head)) if len(head) == 4 else None)


def webp(file: BinaryIO) -> Header:
    """The canvas, or the only picture. Browsers turn no WebP, whatever its EXIF says."""
    file.seek(12)
    head = file.read(18)
    return Header(_webp_size(head) if len(head) == 18 else None)


def _webp_size(head: bytes) -> Size | None:
    name, data = head[:4], head[8:]
    if name == b"VP8X":
        width, height = int.from_bytes(data[4:7], "little"), int.from_bytes(data[7:10], "little")
        return size_of(width + 1, height + 1)
    if name == b"VP8L":
        bits = int.from_bytes(data[1:5], "little")
        return size_of((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if name == b"VP8 ":
        width, height = struct.unpack("<HH", data[6:10])
        return size_of(width & 0x3FFF, height & 0x3FFF)
    return None


def exif_orientation(tiff: bytes) -> int:
    """The orientation as browsers read it: one SHORT of 1 to 8 in the first directory; else 1.

    An entry of that tag that is none is passed over.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return 1
    (start,) = struct.unpack_from(order + "I", tiff, 4)
    if start + 2 > len(tiff):
        return 1
    (count,) = struct.unpack_from(order + "H", tiff, start)
    for place in range(start + 2, min(start + 2 + 12 * count, len(tiff) - 11), 12):
        *entry, value = struct.unpack_from(order + "HHIH", tiff, place)
        if entry == [ORIENTATION, SHORT, 1] and 1 <= value <= 8:
            return int(value)
    return 1
