"""Reads the primary picture of an AVIF or HEIC from its container (ISO 23008-12); no decoder."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

from PIL import Image

from storage.formats.facts import PixelSize, size_of

MAX_BOXES = 10_000
# The most bytes of `meta` that are read.
MAX_META = 8 << 20

# The type and the content of a box.
Box = tuple[bytes, bytes]

# Quarter turns of `irot`. Both `irot` and Pillow count them anticlockwise.
TURNS = {1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_270}
# Indexed by the axis of `imir`.
MIRRORS = (Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.FLIP_LEFT_RIGHT)


@dataclass(frozen=True, slots=True)
class Crop:
    """The part of the coded picture that `clap` keeps."""

    left: int
    top: int
    size: PixelSize


Step = Crop | Image.Transpose


@dataclass(frozen=True, slots=True)
class Item:
    """The primary picture: the size of its coded pixels, and the steps that turn them upright."""

    coded: PixelSize
    steps: tuple[Step, ...]

    @property
    def displayed(self) -> PixelSize:
        """The size after all steps."""
        size = self.coded
        for step in self.steps:
            if isinstance(step, Crop):
                size = step.size
            elif step in {Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270}:
                size = PixelSize(size.height, size.width)
        return size


def primary(file: BinaryIO, *, crops_anywhere: bool) -> Item | None:
    """Return the picture that `pitm` names, or None if the container describes none.

    Browsers apply `clap` of an AVIF only if it keeps the upper left corner (seen in Chromium 156).
    Viewers of HEIC apply every `clap`.
    """
    meta = dict(boxes((top_box(file, b"meta", MAX_META) or b"")[4:]))
    properties = dict(boxes(meta.get(b"iprp", b"")))
    pitm = meta.get(b"pitm", b"")
    # An item's number takes 4 bytes in version 1 of the box, and 2 bytes in version 0.
    number = int.from_bytes(pitm[4:8] if pitm[:1] == b"\x01" else pitm[4:6])
    described = list(boxes(properties.get(b"ipco", b"")))
    coded: PixelSize | None = None
    steps: list[Step] = []
    for index in _indexes(properties.get(b"ipma", b""), number):
        if not 1 <= index <= len(described):
            continue
        name, data = described[index - 1]
        if name == b"ispe" and len(data) >= 12:
            coded = size_of(*struct.unpack(">II", data[4:12]))
        elif coded is not None and (step := _step(name, data, coded)) is not None:
            steps.append(step)
    shown = (
        step
        for step in steps
        if crops_anywhere or not isinstance(step, Crop) or (step.left, step.top) == (0, 0)
    )
    return Item(coded, tuple(shown)) if coded else None


def boxes(data: bytes) -> Iterator[Box]:
    """Yield the boxes in these bytes, without their children."""
    offset = 0
    for _ in range(MAX_BOXES):
        length, start = int.from_bytes(data[offset : offset + 4]), offset + 8
        if length == 1:
            length, start = int.from_bytes(data[offset + 8 : offset + 16]), offset + 16
        if length == 0:
            length = len(data) - offset
        if length < start - offset or start > len(data):
            return
        yield data[offset + 4 : offset + 8], data[start : offset + length]
        offset += length


def top_box(file: BinaryIO, name: bytes, limit: int) -> bytes | None:
    """Return up to `limit` bytes of the first top-level box of that name, or None without one."""
    offset = 0
    for _ in range(MAX_BOXES):
        file.seek(offset)
        head = file.read(16)
        length, start = int.from_bytes(head[:4]), 8
        if length == 1:
            length, start = int.from_bytes(head[8:16]), 16
        if head[4:8] == name:
            file.seek(offset + start)
            return file.read(min(length - start if length else limit, limit))
        if length < start or len(head) < 8:
            return None
        offset += length
    return None


def _indexes(ipma: bytes, number: int) -> list[int]:
    """Return the indexes of the item's properties, counted from 1, in the order of application."""
    id_size = 2 if ipma[:1] == b"\0" else 4
    index_size = 2 if ipma[3:4] and ipma[3] & 1 else 1
    offset = 8
    while offset + id_size < len(ipma):
        item = int.from_bytes(ipma[offset : offset + id_size])
        count, start = ipma[offset + id_size], offset + id_size + 1
        offset = start + count * index_size
        if item == number:
            listed = (ipma[at : at + index_size] for at in range(start, offset, index_size))
            # The first bit says whether a reader must support the property; it is cut off.
            return [int.from_bytes(each) & ~(-1 << 8 * index_size - 1) for each in listed]
    return []


def _step(name: bytes, data: bytes, coded: PixelSize) -> Step | None:
    if name == b"irot" and data:
        return TURNS.get(data[0] & 3)
    if name == b"imir" and data:
        return MIRRORS[data[0] & 1]
    if name == b"clap" and len(data) >= 32:
        return _crop(struct.unpack(">IIIIiIiI", data[:32]), coded)
    return None


def _crop(numbers: tuple[int, ...], coded: PixelSize) -> Crop | None:
    """Return the crop of `clap`, which states a size and the offset of the centre.

    Returns None if the crop does not fall on whole pixels inside the picture.
    """
    if not all(numbers[1::2]):
        return None
    width, height, right, down = (
        Fraction(upper, lower) for upper, lower in zip(numbers[::2], numbers[1::2], strict=True)
    )
    left, top = (coded.width - width) / 2 + right, (coded.height - height) / 2 + down
    size = size_of(int(width), int(height))
    are_pixels = all(value.denominator == 1 for value in (width, height, left, top))
    is_inside = 0 <= left <= coded.width - width and 0 <= top <= coded.height - height
    return Crop(int(left), int(top), size) if size and are_pixels and is_inside else None
