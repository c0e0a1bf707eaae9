"""Reads the facts of pictures. The size comes from the header; blur and hash need a decoder."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import BinaryIO

from PIL import GifImagePlugin, Image

from storage.formats import headers, items, previews
from storage.formats.facts import MAX_PIXELS, Facts, PixelSize, Undecodable, noted, size_of

HEIC = "image/heic"
DECODED = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
}
HEADERS: dict[str, Callable[[BinaryIO], headers.Header]] = {
    "image/jpeg": headers.jpeg,
    "image/png": headers.png,
    "image/gif": headers.gif,
    "image/webp": headers.webp,
}
# Functions that strip metadata, which can be broken or larger than the picture.
PIXELS: dict[str, Callable[[BinaryIO], bytes]] = {
    "image/jpeg": headers.jpeg_pixels,
    "image/png": headers.png_pixels,
}

# A JPEG is decoded at an eighth, so its pixels cost time but no memory. This limit is not for a
# JPEG with several scans, whose decoder keeps all of them in memory.
MAX_JPEG_PIXELS = 5 * MAX_PIXELS
# The transposition for each EXIF orientation.
TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Image.MAX_IMAGE_PIXELS = None  # this module checks its own limit before it decodes


def examine(file: BinaryIO, media_type: str) -> Facts:
    """Read size, blur and hash; width and height are as displayed."""
    problems: list[str] = []
    size: PixelSize | None = None
    steps: tuple[items.Step, ...] = ()
    limit = MAX_PIXELS
    with noted(problems, "size"):
        if media_type in HEADERS:
            header = HEADERS[media_type](file)
            size, steps = _turned(header)
            if media_type == "image/jpeg" and not header.is_buffered:
                limit = MAX_JPEG_PIXELS
        elif (item := items.primary(file, crops_anywhere=media_type == HEIC)) is not None:
            size, steps = item.displayed, item.steps
    small: Image.Image | None = None
    with noted(problems, "blur"):
        small, seen = _small(file, media_type, steps, limit)
        # If the first frame of a GIF is larger than its screen, browsers and Pillow widen the
        # screen, so the size of the header would be too small.
        size = seen if media_type == "image/gif" else size or seen
    return _facts(size, small, problems)


def _turned(header: headers.Header) -> tuple[PixelSize | None, tuple[items.Step, ...]]:
    step, size = TRANSPOSES.get(header.orientation), header.size
    if size is not None and header.orientation >= 5:
        size = PixelSize(size.height, size.width)
    return size, () if step is None else (step,)


def _small(
    file: BinaryIO, media_type: str, steps: tuple[items.Step, ...], limit: int
) -> tuple[Image.Image, PixelSize | None]:
    """Return the decoded picture, shrunk and turned, and its size at full scale."""
    if media_type not in DECODED:
        raise Undecodable("HEIC has no decoder")
    file.seek(0)
    source = io.BytesIO(PIXELS[media_type](file)) if media_type in PIXELS else file
    with Image.open(source, formats=[DECODED[media_type]]) as image:
        size = size_of(*image.size)
        if size is None or size.width * size.height > limit:
            raise Undecodable(f"{size} are too many to decode")
        # A JPEG is read to its end but decoded at an eighth, at a tenth of the cost.
        image.draft("RGB", previews.SMALL)
        shown = _on_screen(image)
        for step in steps:
            if isinstance(step, items.Crop):
                right, bottom = step.left + step.size.width, step.top + step.size.height
                shown = shown.crop((step.left, step.top, right, bottom))
        small = previews.shrink(shown)
    for step in steps:
        if isinstance(step, Image.Transpose):
            small = small.transpose(step)
    return small, size


def _on_screen(image: Image.Image) -> Image.Image:
    """Load the picture. A GIF frame smaller than its screen is drawn on a transparent screen."""
    if not isinstance(image, GifImagePlugin.GifImageFile):
        image.load()
        return image
    extent = image.dispose_extent
    image.load()
    if extent is None or extent == (0, 0, *image.size):
        return image
    screen = Image.new("RGBA", image.size)
    screen.paste(image.crop(extent).convert("RGBA"), extent[:2])
    return screen


def _facts(size: PixelSize | None, small: Image.Image | None, problems: list[str]) -> Facts:
    blur, perceptual_hash = "", None
    if small is not None:
        blur, perceptual_hash = previews.blur(small), previews.difference_hash(small)
    return Facts(
        width=size.width if size else None,
        height=size.height if size else None,
        blur=blur,
        perceptual_hash=perceptual_hash,
        problem="; ".join(problems),
    )
