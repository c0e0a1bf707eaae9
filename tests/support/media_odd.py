"""Samples of the corpus that no encoder writes. They are changed byte by byte, and valid."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial

from PIL import Image

from tests.support.media_boxes import box, with_matrix, with_track_size, with_udta_first
from tests.support.media_videos import sound, video

Samples = Iterator[tuple[str, str, Callable[[], bytes]]]

RED = 0


def samples(image: Image.Image, exif: Callable[[int], bytes]) -> Samples:
    """Name, media type and function of each sample; `exif` makes the EXIF of an orientation."""
    for name, make in _jpegs(image, exif):
        yield f"jpeg {name}", "image/jpeg", make
    for name, make in _pngs(image, exif):
        yield f"png {name}", "image/png", make
    for name, make in _gifs():
        yield f"gif {name}", "image/gif", make
    for name, make in _films(image):
        yield f"mp4 {name}", "video/mp4", make


Named = Iterator[tuple[str, Callable[[], bytes]]]


def _jpegs(image: Image.Image, exif: Callable[[int], bytes]) -> Named:
    entry = "<HHIHH"
    short = struct.pack(entry, 0x0112, 3, 1, 6, 0)
    long = struct.pack(entry, 0x0112, 4, 1, 6, 0)
    upright = struct.pack(entry, 0x0112, 3, 1, 1, 0)
    big = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
    for name, segments in (
        ("EXIF of 3, then of 6", (exif(3), exif(6))),
        ("EXIF of 1, then of 6", (exif(1), exif(6))),
        ("EXIF that is none, then of 6", (b"Exif\0\0none", exif(6))),
        ("EXIF big endian", (big,)),
        ("EXIF with another last byte", (b"Exif\0\xff" + exif(6)[6:],)),
        ("EXIF of LONG, then SHORT", (_directory(long, short),)),
        ("EXIF of 1, then 6 in it", (_directory(upright, short),)),
    ):
        yield name, partial(_jpeg_with, image, segments)
    yield "EXIF behind the frame header", partial(_jpeg_with, image, (exif(6),), before=b"\xff\xda")
    yield "fill bytes", lambda: b"\xff\xd8" + b"\xff" * 7 + _encoded(image, "JPEG")[2:]


def _directory(*entries: bytes) -> bytes:
    head = b"Exif\0\0II*" + struct.pack("<xIH", 8, len(entries))
    return head + b"".join(entries) + bytes(4)


def _jpeg_with(image: Image.Image, segments: tuple[bytes, ...], before: bytes = b"") -> bytes:
    data = _encoded(image, "JPEG")
    place = data.index(before) if before else 2
    added = (b"\xff\xe1" + struct.pack(">H", len(each) + 2) + each for each in segments)
    return data[:place] + b"".join(added) + data[place:]


def _pngs(image: Image.Image, exif: Callable[[int], bytes]) -> Named:
    three, six = _chunk(b"eXIf", exif(3)[6:]), _chunk(b"eXIf", exif(6)[6:])
    for name, chunks, before in (
        ("eXIf behind the pixels", six, b"IEND"),
        ("eXIf of 3, then of 6", three + six, b"IDAT"),
        ("eXIf with another checksum", six[:-4] + b"none", b"IDAT"),
        ("text with another checksum", _chunk(b"tEXt", b"a\0b")[:-4] + b"none", b"IDAT"),
    ):
        yield name, partial(_png_with, image, chunks, before)
    yield "interlaced", partial(_interlaced, image)
    yield "16 bits", partial(_deep, image)


def _png_with(image: Image.Image, chunks: bytes, before: bytes) -> bytes:
    data = _encoded(image, "PNG")
    place = data.index(before) - 4
    return data[:place] + chunks + data[place:]


def _chunk(name: bytes, data: bytes) -> bytes:
    checked = name + data
    return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))


def _png(size: tuple[int, int], bits: int, rows: bytes, *, interlaced: bool = False) -> bytes:
    header = struct.pack(">IIBBBBB", *size, bits, 2, 0, 0, interlaced)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*each) for each in chunks)


def _interlaced(image: Image.Image) -> bytes:
    """Rows in the order of the seven passes of Adam7."""
    rows = b""
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
              (0, 1, 1, 2))  # fmt: skip
    for left, top, across, down in passes:
        for row in range(top, image.height, down):
            line = image.crop((0, row, image.width, row + 1)).tobytes()
            pixels = (line[3 * column :][:3] for column in range(left, image.width, across))
            rows += b"\0" + b"".join(pixels)
    return _png(image.size, 8, rows, interlaced=True)


def _deep(image: Image.Image) -> bytes:
    """16 bits a value: each value of 8 bits twice."""
    data, width = image.tobytes(), 3 * image.width
    doubled = bytes(half for value in data for half in (value, value))
    lines = (doubled[start : start + 2 * width] for start in range(0, len(doubled), 2 * width))
    return _png(image.size, 16, b"".join(b"\0" + line for line in lines))


def _gifs() -> Named:
    yield "frame larger than its screen", partial(_gif, (20, 20), (0, 0, 40, 30))
    yield "frame over the corner of its screen", partial(_gif, (40, 30), (30, 20, 40, 30))
    yield "frame within its screen", partial(_gif, (64, 64), (8, 8, 16, 16))
    yield "screen of nothing", partial(_gif, (0, 0), (0, 0, 40, 30))
    yield "zeros before the trailer", partial(_gif, (40, 30), (0, 0, 40, 30), end=b"\0\0;")
    yield "bytes behind the trailer", partial(_gif, (40, 30), (0, 0, 40, 30), end=b";left behind")


def _gif(screen: tuple[int, int], frame: tuple[int, int, int, int], end: bytes = b";") -> bytes:
    image = Image.new("P", frame[2:], RED)
    image.putpalette([255, 0, 0, 0, 255, 0])
    data = _encoded(image, "GIF")
    place = data.index(b",", 13)
    head = data[:6] + struct.pack("<HH", *screen) + data[10:place]
    return head + b"," + struct.pack("<4H", *frame) + data[place + 9 : data.rindex(b";")] + end


def _films(image: Image.Image) -> Named:
    film = partial(video, image, "mp4", "libx264")
    for name, size in (("wider", (192, 64)), ("taller", (96, 128)), ("of nothing", (0, 0))):
        yield f"track {name}", partial(_with_track_size, film, size)
    yield "skewed by its matrix", lambda: with_matrix(film(), 1, 0.5, 0, 1)
    yield "with a cover", lambda: with_udta_first(film(), _cover(image))
    yield "sound with a cover", lambda: with_udta_first(sound("mp4", "aac"), _cover(image))
    yield "fragmented without an index", lambda: film(options={"movflags": "empty_moov"})


def _with_track_size(film: Callable[[], bytes], size: tuple[int, int]) -> bytes:
    return with_track_size(film(), *size)


def _cover(image: Image.Image) -> bytes:
    """A `udta` with a cover picture, which is turned so that it can be told from the video."""
    picture = _encoded(image.rotate(180).resize((200, 200)), "JPEG")
    tag = box(b"covr", box(b"data", struct.pack(">II", 13, 0) + picture))
    handler = box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    return box(b"udta", box(b"meta", bytes(4) + handler + box(b"ilst", tag)))


def _encoded(image: Image.Image, form: str) -> bytes:
    written = io.BytesIO()
    image.save(written, form)
    return written.getvalue()
