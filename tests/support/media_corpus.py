"""Valid media files of all kinds, made by code, and what a browser shows of them.

    python -m tests.support.media_corpus chromium   # read the expected facts again

The picture has red, green, blue and white quadrants, which show how it is turned or mirrored.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.support import media_odd, media_videos
from tests.support.media_boxes import avif_with

EXPECTED = Path(__file__).with_suffix(".json")
COLOURS = {"R": (255, 0, 0), "G": (0, 255, 0), "B": (0, 0, 255), "W": (255, 255, 255)}
QUADRANTS = ((0, 0, "R"), (1, 0, "G"), (0, 1, "B"), (1, 1, "W"))
SIZES = ((96, 64), (64, 96), (97, 63))
GREY = ("1", "L", "LA", "I;16")


@dataclass(frozen=True, slots=True)
class Sample:
    """One file. Its name says its kind and what is special about it."""

    name: str
    media_type: str
    make: Callable[[], bytes]


def picture(size: tuple[int, int] = SIZES[0]) -> Image.Image:
    """Red and green above blue and white."""
    image = Image.new("RGB", size)
    width, height = size[0] // 2, size[1] // 2
    for column, row, letter in QUADRANTS:
        image.paste(COLOURS[letter], (column * width, row * height, *size))
    return image


def samples() -> Iterator[Sample]:
    """All samples, in a fixed order."""
    for kinds in (_jpegs, _pngs, _gifs, _webps, _avifs):
        for name, make in kinds():
            form = name.partition(" ")[0]
            yield Sample(name, f"image/{form}", make)
    for name, media_type, make in media_videos.samples(picture):
        yield Sample(name, media_type, make)
    for name, media_type, make in media_odd.samples(picture(), exif):
        yield Sample(name, media_type, make)


Named = Iterator[tuple[str, Callable[[], bytes]]]


def _encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    written = io.BytesIO()
    image.save(written, form, **options)
    return written.getvalue()


def _sized(form: str, title: str, mode: str = "RGB", **options: Any) -> Named:
    for size in SIZES:
        name = f"{form} {title} {size[0]}x{size[1]}"
        image = picture(size).convert("L").convert(mode) if mode in GREY else picture(size)
        first = image.convert(mode)
        later = {"append_images": [first.rotate(180)]} if "save_all" in options else {}
        yield name, partial(_encoded, first, form, **options, **later)


def exif(value: Any, form: int = 3) -> bytes:
    """EXIF that holds only an orientation. `form` is its TIFF type: 1 BYTE, 3 SHORT, 4 LONG."""
    numbers = value if isinstance(value, list) else [value]
    width = {1: 1, 3: 2, 4: 4}[form]
    data = b"".join(number.to_bytes(width, "little") for number in numbers)
    entry = b"\x12\x01" + form.to_bytes(2, "little") + len(numbers).to_bytes(4, "little")
    directory = b"\x01\0" + entry + data.ljust(4, b"\0")[:4] + bytes(4)
    return b"Exif\0\0II*\0\x08\0\0\0" + directory


def _jpegs() -> Named:
    for title, mode, options in (
        ("baseline 4:2:0", "RGB", {"subsampling": 2}),
        ("baseline 4:2:2", "RGB", {"subsampling": 1}),
        ("baseline 4:4:4", "RGB", {"subsampling": 0}),
        ("progressive", "RGB", {"progressive": True}),
        ("optimised", "RGB", {"optimize": True, "quality": 95}),
        ("restart markers", "RGB", {"restart_marker_blocks": 2}),
        ("grey", "L", {}),
        ("progressive grey", "L", {"progressive": True}),
        ("CMYK", "CMYK", {}),
        ("YCbCr", "YCbCr", {}),
        ("RGB kept", "RGB", {"keep_rgb": True}),
        ("long comment", "RGB", {"comment": b"x" * 60_000}),
        ("ICC that is none", "RGB", {"icc_profile": b"none" * 50}),
        ("long ICC", "RGB", {"icc_profile": bytes(150_000)}),
        ("XMP orientation", "RGB", {"xmp": b'<a tiff:Orientation="6"/>'}),
        ("density", "RGB", {"dpi": (72, 144)}),
        ("EXIF that is none", "RGB", {"exif": b"Exif\0\0none"}),
        ("empty EXIF", "RGB", {"exif": b"Exif\0\0"}),
        ("orientation LONG", "RGB", {"exif": exif(6, form=4)}),
        ("orientation BYTE", "RGB", {"exif": exif(6, form=1)}),
        ("orientation twice", "RGB", {"exif": exif([6, 6])}),
        ("orientation 0", "RGB", {"exif": exif(0)}),
        ("orientation 9", "RGB", {"exif": exif(9)}),
    ):
        yield from _sized("jpeg", title, mode, **options)
    for value in range(1, 9):
        yield from _sized("jpeg", f"orientation {value}", exif=exif(value))
    two = {"save_all": True, "append_images": [picture((32, 32))]}
    yield "jpeg MPO", partial(_encoded, picture(), "MPO", **two)
    yield "jpeg motion photo", lambda: _encoded(picture(), "JPEG") + b"\0\0\0\x08free" * 9


def _pngs() -> Named:
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        yield from _sized("png", f"mode {mode}", mode)
    for title, options in (
        ("long text", {"pnginfo": _text(compressed=True)}),
        ("long plain text", {"pnginfo": _text(compressed=False)}),
        ("ICC that is none", {"icc_profile": b"none" * 50}),
        ("transparent colour", {"transparency": (255, 0, 0)}),
        ("orientation LONG", {"exif": exif(6, form=4)}),
        ("orientation 0", {"exif": exif(0)}),
        ("density", {"dpi": (72, 144)}),
        ("APNG", {"save_all": True, "duration": 100}),
    ):
        yield from _sized("png", title, **options)
    for value in range(1, 9):
        yield from _sized("png", f"eXIf {value}", exif=exif(value))
    for bits in (1, 2, 4):
        image = picture().quantize(2**bits)
        yield f"png palette {bits}", partial(_encoded, image, "PNG", bits=bits)
    yield "png grey row", lambda: _encoded(Image.new("I;16", (256, 1), 30_000), "PNG")


def _text(*, compressed: bool) -> PngInfo:
    text = PngInfo()
    text.add_text("a", "x" * (1 << 20 | 1), zip=compressed)
    return text


def _gifs() -> Named:
    two = {"save_all": True}
    for title, options in (
        ("still", {}),
        ("interlaced", {"interlace": 1}),
        ("animated", {**two, "duration": 100, "loop": 0}),
        ("once", {**two, "duration": 100}),
        ("comment", {"comment": b"x" * 1000}),
        ("transparent", {"transparency": 0}),
        ("disposed", {**two, "disposal": 2, "duration": 50}),
    ):
        yield from _sized("gif", title, "P", **options)
    for at in ((0, 0), (10, 8), (32, 32)):
        yield f"gif frame at {at[0]},{at[1]}", partial(_smaller_frame, at)


def _smaller_frame(at: tuple[int, int]) -> bytes:
    data = bytearray(_encoded(picture((32, 32)).convert("P"), "GIF"))
    data[6:10] = (96).to_bytes(2, "little") + (64).to_bytes(2, "little")
    start = data.index(b",\0\0\0\0")
    data[start + 1 : start + 5] = at[0].to_bytes(2, "little") + at[1].to_bytes(2, "little")
    return bytes(data)


def _webps() -> Named:
    two = {"save_all": True, "duration": 100}
    for title, mode, options in (
        ("lossy", "RGB", {}),
        ("lossless", "RGB", {"lossless": True}),
        ("alpha", "RGBA", {}),
        ("lossless alpha", "RGBA", {"lossless": True}),
        ("animated", "RGB", two),
        ("animated alpha", "RGBA", two),
        ("EXIF that is none", "RGB", {"exif": b"none"}),
        ("EXIF 6", "RGB", {"exif": exif(6)}),
        ("EXIF 3", "RGB", {"exif": exif(3)}),
        ("XMP", "RGB", {"xmp": b'<a tiff:Orientation="6"/>'}),
        ("ICC that is none", "RGB", {"icc_profile": b"none" * 50}),
    ):
        yield from _sized("webp", title, mode, **options)


def _avifs() -> Named:
    two = {"save_all": True, "duration": 100}
    for title, mode, options in (
        ("4:2:0", "RGB", {"subsampling": "4:2:0"}),
        ("4:4:4", "RGB", {"subsampling": "4:4:4", "quality": 90}),
        ("grey", "L", {}),
        ("alpha", "RGBA", {}),
        ("limited range", "RGB", {"range": "limited"}),
        ("animated", "RGB", two),
        ("XMP", "RGB", {"xmp": b'<a tiff:Orientation="6"/>'}),
    ):
        yield from _sized("avif", title, mode, **options)
    for value in range(1, 9):
        yield from _sized("avif", f"orientation {value}", exif=exif(value))
    plain = partial(_encoded, picture(), "AVIF", quality=90)
    for turn in range(4):
        yield f"avif irot {turn}", partial(avif_with, plain, irot=turn)
    for axis in range(2):
        yield f"avif imir {axis}", partial(avif_with, plain, imir=axis)
    for turn in range(2):
        name = f"avif clap irot {turn}"
        yield name, partial(avif_with, plain, clap=(48, 32, -24, -16), irot=turn)
    yield "avif clap right", partial(avif_with, plain, clap=(48, 64, 24, 0))


def letters(image: Image.Image) -> str:
    """The colours of the quadrants, row by row; `?` is any other colour."""
    seen = image.convert("RGB")
    width, height = seen.size
    middles = ((1, 1), (3, 1), (1, 3), (3, 3))
    return "".join(
        _letter(seen.getpixel((width * across // 4, height * down // 4)))
        for across, down in middles
    )


def named(pixels: list[list[int]]) -> str:
    """The letters of four RGBA pixels that a browser read, drawn on white."""
    return "".join(
        _letter([(value * alpha + 255 * (255 - alpha)) // 255 for value in colours])
        for *colours, alpha in pixels
    )


def _letter(pixel: Any) -> str:
    return next(
        (
            letter
            for letter, colour in COLOURS.items()
            if all(abs(a - b) < 90 for a, b in zip(pixel, colour, strict=True))
        ),
        "?",
    )


def expected() -> dict[str, Any]:
    """What Chromium or ffprobe shows, by the name of the sample; see `media_browser.read`."""
    facts: dict[str, Any] = json.loads(EXPECTED.read_text())["files"]
    return facts


if __name__ == "__main__":
    from tests.support.media_browser import read

    text = json.dumps(read(sys.argv[1], [*samples()]))
    EXPECTED.write_text(text.replace("}, ", "},\n") + "\n")
