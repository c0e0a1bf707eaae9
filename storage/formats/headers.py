"""Reads size and orientation from the headers of pictures, without a decoder."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from storage.formats.facts import PixelSize, size_of

# The most segments or chunks that are read.
MAX_CHUNKS = 100_000
# The most bytes of EXIF that are read.
MAX_EXIF = 1 << 20

# The marker of EXIF without its last byte, usually a second zero, which browsers ignore.
EXIF = b"Exif\0"
ORIENTATION = 0x0112
SHORT = 3
SOI, EOI, SOS = 0xD8, 0xD9, 0xDA
# Markers of a JPEG without a length.
ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
COM, APP0, APP1, APP14, APP15 = 0xFE, 0xE0, 0xE1, 0xEE, 0xEF
PIXEL_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})


@dataclass(frozen=True, slots=True)
class Header:
    """Size and orientation. `size` is the size before `orientation` (EXIF, 1 to 8) is applied."""

    size: PixelSize | None
    orientation: int = 1
    # Whether the decoder keeps all coefficients of a JPEG, which takes memory at any scale.
    is_buffered: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """A segment of a JPEG or a chunk of a PNG: its name, its offsets and its data."""

    name: int | bytes
    start: int
    end: int
    data: bytes


def jpeg(file: BinaryIO) -> Header:
    """Read the first frame header and the first EXIF segment, as browsers do.

    A JPEG has several scans if it is progressive, or if it is a baseline JPEG whose first scan
    lacks some of the components.
    """
    size, exif, is_progressive, components, scanned = None, None, False, 0, 0
    for chunk in segments(file):
        if chunk.name in FRAMES and len(chunk.data) >= 6:
            height, width, components = struct.unpack(">HHB", chunk.data[1:6])
            size, is_progressive = size_of(width, height), chunk.name in PROGRESSIVE
        elif chunk.name == APP1 and exif is None and chunk.data.startswith(EXIF):
            exif = chunk.data[len(EXIF) + 1 :]
        elif chunk.name == SOS:
            scanned = int.from_bytes(chunk.data[:1])
    is_buffered = is_progressive or scanned < components
    return Header(size, exif_orientation(exif or b""), is_buffered)


def jpeg_pixels(file: BinaryIO) -> bytes:
    """Return the JPEG without metadata: EXIF, XMP, ICC, comments and the index of an MPO.

    APP0 and APP14 stay, because they determine the colour space.
    """
    kept, end = [b"\xff\xd8"], 2
    for chunk in segments(file):
        end = chunk.end
        is_metadata = isinstance(chunk.name, int) and (
            chunk.name == COM or APP0 < chunk.name <= APP15
        )
        if not is_metadata or chunk.name == APP14:
            length = len(chunk.data) + 2
            kept.append(struct.pack(">BBH", 0xFF, chunk.name, length) + chunk.data)
    file.seek(end)
    return b"".join([*kept, file.read()])


def segments(file: BinaryIO) -> Iterator[Chunk]:
    """Yield the segments of a JPEG up to and including the header of the first scan."""
    offset = 2
    for _ in range(MAX_CHUNKS):
        file.seek(offset)
        head = file.read(4)
        if len(head) < 4 or head[0] != 0xFF:
            return
        if head[1] == 0xFF or head[1] in ALONE:  # a fill byte, or a marker alone
            offset += 1 if head[1] == 0xFF else 2
            continue
        if head[1] == EOI:
            return
        end = offset + 2 + int.from_bytes(head[2:])
        yield Chunk(head[1], offset, end, file.read(max(0, end - offset - 4)))
        if head[1] == SOS:
            return
        offset = end


def png(file: BinaryIO) -> Header:
    """Read IHDR and the first `eXIf` before the pixels with a valid checksum, as browsers do."""
    size, exif = None, None
    for chunk in chunks(file):
        if chunk.name == b"IDAT":
            break
        if chunk.name == b"IHDR" and len(chunk.data) >= 8:
            size = size_of(*struct.unpack(">II", chunk.data[:8]))
        elif chunk.name == b"eXIf" and exif is None:
            file.seek(chunk.end - 4)
            # A browser ignores a chunk whose checksum is wrong.
            if file.read(4) == zlib.crc32(b"eXIf" + chunk.data).to_bytes(4):
                exif = chunk.data
    return Header(size, exif_orientation(exif or b""))


def png_pixels(file: BinaryIO) -> bytes:
    """Return the PNG without texts, profiles, EXIF and later frames."""
    kept = [b"\x89PNG\r\n\x1a\n"]
    for chunk in chunks(file):
        if chunk.name in PIXEL_CHUNKS:
            file.seek(chunk.start)
            kept.append(file.read(chunk.end - chunk.start))
    return b"".join(kept)


def chunks(file: BinaryIO) -> Iterator[Chunk]:
    """Yield the chunks of a PNG. Only IHDR and a small eXIf carry their data."""
    offset = 8
    for _ in range(MAX_CHUNKS):
        file.seek(offset)
        head = file.read(8)
        if len(head) < 8:
            return
        length, name = int.from_bytes(head[:4]), head[4:]
        wanted = name in {b"IHDR", b"eXIf"} and length <= MAX_EXIF
        data = file.read(length) if wanted else b""
        yield Chunk(name, offset, offset + 12 + length, data)
        if name == b"IEND":
            return
        offset += 12 + length


def gif(file: BinaryIO) -> Header:
    """Read the size of the logical screen."""
    file.seek(6)
    head = file.read(4)
    return Header(size_of(*struct.unpack("<HH", head)) if len(head) == 4 else None)


def webp(file: BinaryIO) -> Header:
    """Read the size of the canvas or of the only picture. Browsers ignore the EXIF of a WebP."""
    file.seek(12)
    head = file.read(18)
    return Header(_webp_size(head) if len(head) == 18 else None)


def _webp_size(head: bytes) -> PixelSize | None:
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
    """Return the orientation as browsers read it: a SHORT of 1 to 8 in the first directory, or 1.

    Invalid entries of that tag are skipped.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return 1
    (start,) = struct.unpack_from(order + "I", tiff, 4)
    if start + 2 > len(tiff):
        return 1
    (count,) = struct.unpack_from(order + "H", tiff, start)
    for offset in range(start + 2, min(start + 2 + 12 * count, len(tiff) - 11), 12):
        *entry, value = struct.unpack_from(order + "HHIH", tiff, offset)
        if entry == [ORIENTATION, SHORT, 1] and 1 <= value <= 8:
            return int(value)
    return 1
