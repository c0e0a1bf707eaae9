"""Draws the base pictures and clips: bright shapes with noise, about 150 kB per picture."""

from __future__ import annotations

import colorsys
import io
import math
import random
from fractions import Fraction

import av
from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageOps

from lab.simulator import base_media, seeding

Color = tuple[int, int, int]
JPEG_QUALITY = 82


def picture(base: int) -> bytes:
    """Return the base picture as a JPEG file."""
    buffer = io.BytesIO()
    image = _with_grain(_scene(base, base_media.picture_size(base), 0.0))
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def clip(base: int) -> bytes:
    """Return the base clip as an MP4 file (H.264)."""
    buffer = io.BytesIO()
    frames = round(base_media.clip_seconds(base) * base_media.FRAMES_PER_SECOND)
    with av.open(buffer, "w", format="mp4") as container:
        # A fixed quantiser, because rate control encodes one run in a hundred differently.
        options = {"preset": "veryfast", "qp": "26"}
        stream = container.add_stream("libx264", base_media.FRAMES_PER_SECOND, options=options)
        stream.width, stream.height = base_media.clip_size(base)
        stream.pix_fmt = "yuv420p"
        # With several threads the encoder's output depends on their timing.
        stream.codec_context.thread_count = 1
        for index in range(frames):
            scene = _scene(100 + base, base_media.clip_size(base), index / frames)
            frame = av.VideoFrame.from_image(scene)  # type: ignore[no-untyped-call]  # PyAV
            frame.pts, frame.time_base = index, Fraction(1, base_media.FRAMES_PER_SECOND)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


def _scene(base: int, size: tuple[int, int], moment: float) -> Image.Image:
    """Return a gradient with shapes and a label. `moment`, from 0 to 1, moves the shapes."""
    # Seeded by the base alone: the frames of a clip must differ only by `moment`.
    choose = seeding.chooser("scene", base)
    hue = choose.random()
    gradient = Image.linear_gradient("L").rotate(choose.choice((0, 90, 180, 270))).resize(size)
    image = ImageOps.colorize(gradient, _color(hue, 0.35), _color(hue + 0.2, 1.0))
    draw = ImageDraw.Draw(image)
    for _ in range(9):
        _shape(draw, choose, size, moment)
    font = ImageFont.load_default(min(size) / 9)
    draw.text((size[0] // 12, size[1] // 14), f"No. {base}", _color(hue + 0.5, 1.0), font)
    return image


def _shape(
    draw: ImageDraw.ImageDraw, choose: random.Random, size: tuple[int, int], moment: float
) -> None:
    width, height = size
    radius = choose.uniform(0.05, 0.2) * min(size)
    orbit = radius * math.sin(math.tau * moment)
    x, y = choose.random() * width + orbit, choose.random() * height + orbit
    fill = _color(choose.random(), choose.uniform(0.5, 1.0))
    sides = choose.choice((0, 3, 4, 6))
    if sides:
        draw.regular_polygon((x, y, radius), sides, choose.randrange(90), fill)
    else:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill)


def _with_grain(image: Image.Image) -> Image.Image:
    """Add a fixed noise texture, so that the file is as large as a photograph's."""
    choose = seeding.chooser("grain", image.size)
    tile = Image.frombytes("L", (256, 256), choose.randbytes(256 * 256))
    grain = Image.new("L", image.size)
    for x in range(0, image.width, tile.width):
        for y in range(0, image.height, tile.height):
            grain.paste(tile, (x, y))
    # Larger pictures get weaker noise, so that all files have about the same size.
    contrast = 110_000 / (image.width * image.height)
    soft = grain.point(lambda value: round(128 + (value - 128) * contrast)).convert("RGB")
    return ImageChops.overlay(image, soft)


def _color(hue: float, value: float) -> Color:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, 0.65, value)
    return round(red * 255), round(green * 255), round(blue * 255)
