"""What is derived from the pixels of one picture: its blur, its perceptual hash, its JPEG."""

from __future__ import annotations

import base64
import io

from PIL import Image

SMALL = (64, 64)
BLUR = (16, 16)
HASH = (9, 8)
WHITE = (255, 255, 255, 255)


def shrink(image: Image.Image) -> Image.Image:
    """The picture in RGB within 64 by 64, transparent parts white, as on the page of a browser."""
    small = _scalable(image)
    small.thumbnail(SMALL)
    small = small.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", small.size, WHITE), small).convert("RGB")


def _scalable(image: Image.Image) -> Image.Image:
    """A copy in a mode of 8 bits whose pixels can be averaged."""
    if image.mode.startswith("I"):  # grey of 16 bits
        return image.point(lambda value: value * (1 / 257) + 0.5).convert("L")
    if image.mode == "1":
        return image.convert("L")
    if image.mode == "P" or "transparency" in image.info:
        return image.convert("RGBA")
    return image.copy()


def blur(small: Image.Image) -> str:
    """A tiny JPEG in Base64, to be shown until the picture is there."""
    tiny = small.copy()
    tiny.thumbnail(BLUR)
    return base64.b64encode(jpeg(tiny, quality=50)).decode()


def jpeg(image: Image.Image, *, quality: int) -> bytes:
    """The picture as a JPEG without anything but its pixels."""
    written = io.BytesIO()
    # The source's comment and colour profile would go along, and can be larger than the picture.
    image.save(written, "JPEG", quality=quality, optimize=True, comment=b"", icc_profile=None)
    return written.getvalue()


def difference_hash(small: Image.Image) -> int:
    """One bit per pair of neighbours: is the right one brighter? Signed, as PostgreSQL wants it."""
    columns, rows = HASH
    pixels = small.convert("L").resize(HASH, Image.Resampling.BOX).tobytes()
    bits = 0
    for row in range(rows):
        for column in range(columns - 1):
            place = row * columns + column
            bits = bits << 1 | (pixels[place] < pixels[place + 1])
    return bits - 2**64 if bits >= 2**63 else bits
