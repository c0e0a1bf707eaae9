"""Derives blur, perceptual hash and JPEG from the pixels of one picture."""

from __future__ import annotations

import base64
import io

from PIL import Image

SMALL = (64, 64)
BLUR = (16, 16)
HASH = (9, 8)
WHITE = (255, 255, 255, 255)


def shrink(image: Image.Image) -> Image.Image:
    """Return the picture as RGB within 64 by 64 pixels; transparent parts are white."""
    small = _scalable(image)
    small.thumbnail(SMALL)
    small = small.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", small.size, WHITE), small).convert("RGB")


def _scalable(image: Image.Image) -> Image.Image:
    """Return a copy in a mode of 8 bits whose pixels can be averaged."""
    if image.mode.startswith("I"):  # 16-bit grey
        return image.point(lambda value: value * (1 / 257) + 0.5).convert("L")
    if image.mode == "1":
        return image.convert("L")
    if image.mode == "P" or "transparency" in image.info:
        return image.convert("RGBA")
    return image.copy()


def blur(small: Image.Image) -> str:
    """Return a tiny JPEG in Base64, which clients show while the picture loads."""
    tiny = small.copy()
    tiny.thumbnail(BLUR)
    return base64.b64encode(jpeg(tiny, quality=50)).decode()


def jpeg(image: Image.Image, *, quality: int) -> bytes:
    """Return the picture as a JPEG without metadata."""
    written = io.BytesIO()
    # Pillow copies the source's comment and colour profile, which can be larger than the picture.
    image.save(written, "JPEG", quality=quality, optimize=True, comment=b"", icc_profile=None)
    return written.getvalue()


def difference_hash(small: Image.Image) -> int:
    """Return the difference hash: 64 bits that say which pixels are darker than their right ones.

    The number is signed, as PostgreSQL's `bigint` is.
    """
    columns, rows = HASH
    pixels = small.convert("L").resize(HASH, Image.Resampling.BOX).tobytes()
    bits = 0
    for row in range(rows):
        for column in range(columns - 1):
            offset = row * columns + column
            bits = bits << 1 | (pixels[offset] < pixels[offset + 1])
    return bits - 2**64 if bits >= 2**63 else bits
