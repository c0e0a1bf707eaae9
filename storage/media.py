"""What is in an image or a video. The only module that opens pixels.

Decoders meet hostile bytes here, so what a format may do is bounded before it is decoded: the
decoder is chosen by the bytes' own kind, its threads are off, and its pixels are limited.
"""

from __future__ import annotations

import base64
import io
import struct
from dataclasses import dataclass
from typing import BinaryIO

import av
import av.error
import PIL
from PIL import Image, ImageOps

from storage.errors import NotMedia

MOST_PIXELS = 50_000_000
"""Of one image or frame: below 200 MB decoded."""
SMALL = (64, 64)
BLUR = (16, 16)
HASH = (9, 8)
ORIENTATION = 0x0112
SIDEWAYS = frozenset({5, 6, 7, 8})

IMAGE_DECODERS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
}
# Named, so that no bytes are taken for a playlist that opens other files.
VIDEO_DEMUXERS = {"video/mp4": "mov", "video/quicktime": "mov", "video/webm": "matroska"}

# What Pillow's decoders raise for broken bytes.
BROKEN_IMAGE = (
    SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, ZeroDivisionError,
    OverflowError, MemoryError, struct.error,
)  # fmt: skip

Image.MAX_IMAGE_PIXELS = None  # our own limit is checked before anything is decoded


@dataclass(frozen=True, slots=True)
class Facts:
    """What the pixels say; None or empty: not known. Width and height are as displayed."""

    width: int | None = None
    height: int | None = None
    duration: float | None = None
    blur: str = ""
    perceptual_hash: int | None = None
    poster: bytes | None = None
    """The first frame of a video, as a JPEG."""
    media_type: str | None = None
    """What the container shows, where that is another type than the first bytes tell."""
    problem: str = ""
    """Why facts are unknown, for staff."""


DECODERS = f"1; Pillow {PIL.__version__}; PyAV {av.__version__}"
"""The versions that facts depend on: what one could not read, the next may."""


def examine(file: BinaryIO, media_type: str) -> Facts:
    """What can be read out of the file. Raises OSError for what a disk may do.

    HEIC is taken at its word and stays without facts: Pillow cannot decode it, and FFmpeg sees
    the tiles of one instead of the picture.
    """
    try:
        if media_type in IMAGE_DECODERS:
            return _examine_image(file, IMAGE_DECODERS[media_type])
        if media_type in VIDEO_DEMUXERS:
            return _examine_video(file, VIDEO_DEMUXERS[media_type])
    except NotMedia as error:
        return Facts(problem=str(error))
    return Facts()


def _examine_image(file: BinaryIO, decoder: str) -> Facts:
    try:
        return _image_facts(file, decoder)
    except BROKEN_IMAGE as error:
        raise NotMedia(f"{decoder}: {type(error).__name__}") from error
    except OSError as error:
        if error.errno is not None:  # the disk failed, not the decoder
            raise
        raise NotMedia(f"{decoder}: {error}") from error


def _image_facts(file: BinaryIO, decoder: str) -> Facts:
    with Image.open(file, formats=[decoder]) as image:
        width, height = image.size
        _check_pixels(width, height)
        # A JPEG is read to its end, but decoded at an eighth: the same check, a tenth of the cost.
        image.draft("RGB", SMALL)
        image.load()
        if image.getexif().get(ORIENTATION) in SIDEWAYS:
            width, height = height, width
        return _seen(ImageOps.exif_transpose(image), width, height)


def _seen(image: Image.Image, width: int, height: int) -> Facts:
    small = image.copy()
    small.thumbnail(SMALL)
    small = small.convert("RGBA").convert("RGB")
    return Facts(width, height, blur=_blur(small), perceptual_hash=_difference_hash(small))


def _blur(image: Image.Image) -> str:
    tiny = image.copy()
    tiny.thumbnail(BLUR)
    return base64.b64encode(_jpeg(tiny, quality=50)).decode()


def _jpeg(image: Image.Image, *, quality: int) -> bytes:
    written = io.BytesIO()
    # The source's comment and colour profile would go along, and can be larger than the picture.
    image.save(written, "JPEG", quality=quality, optimize=True, comment=b"", icc_profile=None)
    return written.getvalue()


def _difference_hash(image: Image.Image) -> int:
    """One bit per pair of neighbours: is the right one brighter? Signed, as PostgreSQL wants it."""
    columns, rows = HASH
    pixels = image.convert("L").resize(HASH, Image.Resampling.BOX).tobytes()
    bits = 0
    for row in range(rows):
        for column in range(columns - 1):
            place = row * columns + column
            bits = bits << 1 | (pixels[place] < pixels[place + 1])
    return bits - 2**64 if bits >= 2**63 else bits


def _examine_video(file: BinaryIO, demuxer: str) -> Facts:
    try:
        with av.open(file, mode="r", format=demuxer, metadata_errors="replace") as container:
            return _video_facts(container)
    except (av.error.FFmpegError, MemoryError) as error:
        raise NotMedia(f"{demuxer}: {type(error).__name__}") from error
    except StopIteration as error:
        raise NotMedia(f"{demuxer}: no picture in it") from error


def _video_facts(container: av.container.InputContainer) -> Facts:
    stream = next(iter(container.streams.video))
    if stream.codec_context is None:
        raise NotMedia("a codec that nobody knows")
    _check_pixels(stream.codec_context.width, stream.codec_context.height)
    stream.codec_context.thread_count = 1  # each thread would hold frames of its own
    frame = next(container.decode(stream))
    _check_pixels(frame.width, frame.height)
    picture: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]  # PyAV
    shown = picture.rotate(frame.rotation, expand=True)
    facts = _seen(shown, *shown.size)
    return Facts(
        facts.width,
        facts.height,
        duration=container.duration / av.time_base if container.duration else None,
        blur=facts.blur,
        perceptual_hash=facts.perceptual_hash,
        poster=_jpeg(shown, quality=85),
    )


def _check_pixels(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise NotMedia(f"{width} by {height} pixels are too many to decode")
