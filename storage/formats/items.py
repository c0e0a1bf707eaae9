"""The picture of an AVIF or HEIC as its container describes it (ISO 23008-12). No decoder."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

from PIL import Image

from storage.formats.facts import Size, size_of

MAX_BOXES = 10_000
MAX_META = 8 << 20
"""Bytes of `meta` that are read."""

Box = tuple[bytes, bytes]
"""Its type and its content."""

TURNS = {1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_270}
"""`irot` counts quarter turns against the clock, as Pillow does."""
MIRRORS = (Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.FLIP_LEFT_RIGHT)
"""By the axis of `imir`."""


@dataclass(frozen=True, slots=True)
class Crop:
    """The part of the coded picture that `clap` leaves."""

    left: int
    top: int
    size: Size


Step = Crop | Image.Transpose


@dataclass(frozen=True, slots=True)
class Item:
    """The primary picture: the size of its coded pixels, and how they become what is shown."""

    coded: Size
    steps: tuple[Step, ...]

    @property
    def displayed(self) -> Size:
        """Cropped and turned."""
        size = self.coded
        for step in self.steps:
            if isinstance(step, Crop):
                size = step.size
            elif step in {Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270}:
                size = Size(size.height, size.width)
        return size


def primary(file: BinaryIO, *, crops_anywhere: bool) -> Item | None:
    """The picture that `pitm` names; None where the container does not describe one.

    Browsers crop an AVIF at its upper left corner alone, and ignore `clap` otherwise (seen in
    Chromium 156). Viewers of HEIC crop it anywhere.
    """
    meta = dict(boxes((top_box(file, b"meta", MAX_META) or b"")[4:]))
    properties = dict(boxes(meta.get(b"iprp", b"")))
    number = _primary_number(meta.get(b"pitm", b""))
    described = list(boxes(properties.get(b"ipco", b"")))
    coded: Size | None = None
    steps: list[Step] = []
    for index in _indexes(properties.get(b"ipma", b""), number):
        if not 1 <= index <= len(described):
            continue
        name, data = described[index - 1]
        if name == b"ispe" and len(data) >= 12:
            coded = size_of(*struct.unpack(">II", data[4:12]))
        elif coded is not None and (step := _step(name, data, coded)) is not None:
            steps.append(step)
    shown = (step for step in steps if crops_anywhere or not _is_off_corner(step))
    return Item(coded, tuple(shown)) if coded else None


def _is_off_corner(step: Step) -> bool:
    return isinstance(step, Crop) and (step.left, step.top) != (0, 0)


def boxes(data: bytes) -> Iterator[Box]:
    """The boxes that lie one behind the other in these bytes."""
    place = 0
    for _ in range(MAX_BOXES):
        length, start = int.from_bytes(data[place : place + 4]), place + 8
        if length == 1:
            length, start = int.from_bytes(data[place + 8 : place + 16]), place + 16
        if length == 0:
            length = len(data) - place
        if length < start - place or start > len(data):
            return
        yield data[place + 4 : place + 8], data[start : place + length]
        place += length


def top_box(file: BinaryIO, name: bytes, limit: int) -> bytes | None:
    """At most `limit` bytes of the first such box at the top of the file; None without one."""
    place = 0
    for _ in range(MAX_BOXES):
        file.seek(place)
        head = file.read(16)
        length, start = int.from_bytes(head[:4]), 8
        if length == 1:
            length, start = int.from_bytes(head[8:16]), 16
        if head[4:8] == name:
            file.seek(place + start)
            return file.read(min(length - start if length else limit, limit))
        if length < start or len(head) < 8:
            return None
        place += length
    return None


def _primary_number(pitm: bytes) -> int:
    return int.from_bytes(pitm[4:8] if pitm[:1] == b"\x01" else pitm[4:6])


def _indexes(ipma: bytes, number: int) -> list[int]:
    """Which properties the item has, counted from 1, in the order in which they are applied."""
    id_size = 2 if ipma[:1] == b"\0" else 4
    index_size = 2 if ipma[3:4] and ipma[3] & 1 else 1
    place = 8
    while place + id_size < len(ipma):
        item = int.from_bytes(ipma[place : place + id_size])
        count, start = ipma[place + id_size], place + id_size + 1
        place = start + count * index_size
        if item == number:
            listed = (ipma[at : at + index_size] for at in range(start, place, index_size))
            # The first bit tells whether a reader must know the property.
            return [int.from_bytes(each) & ~(-1 << 8 * index_size - 1) for each in listed]
    return []


def _step(name: bytes, data: bytes, coded: Size) -> Step | None:
    if name == b"irot" and data:
        return TURNS.get(data[0] & 3)
    if name == b"imir" and data:
        return MIRRORS[data[0] & 1]
    if name == b"clap" and len(data) >= 32:
        return _crop(struct.unpack(">IIIIiIiI", data[:32]), coded)
    return None


def _crop(numbers: tuple[int, ...], coded: Size) -> Crop | None:
    """`clap` gives a size and the distance of the middles; None where it is not all of pixels."""
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
