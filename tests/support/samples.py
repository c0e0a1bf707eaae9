"""Small real files of each kind."""

from __future__ import annotations

import io
import tempfile
from typing import Any

import av
from PIL import Image, ImageDraw


def picture(width: int = 64, height: int = 48, *, seed: int = 0) -> Image.Image:
    """A picture that differs from one seed to the next."""
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    draw = ImageDraw.Draw(image)
    draw.rectangle((seed % width, 0, seed % width + 7, height // 2), fill=(seed % 256, 90, 200))
    draw.point((0, 0), fill=(seed // 256 % 256, seed % 256, 1))
    return image


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    written = io.BytesIO()
    image.save(written, form, **options)
    return written.getvalue()


def jpeg(width: int = 64, height: int = 48, *, seed: int = 0, orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(picture(width, height, seed=seed), "JPEG", exif=exif, quality=90)


def faststart() -> bytes:
    """An MP4 of 40 frames with its index in front, as hosts serve it."""
    with tempfile.NamedTemporaryFile(
        suffix=".mp4"
    ) as file:  # FFmpeg opens the file a second time to move the index
        _write_video(file.name, frames=40, options={"movflags": "faststart"})
        return file.read()


def video(form: str = "mp4", *, width: int = 64, height: int = 48, frames: int = 10) -> bytes:
    """A video of ten frames a second."""
    written = io.BytesIO()
    _write_video(written, form, width=width, height=height, frames=frames)
    return written.getvalue()


def _write_video(
    target: io.BytesIO | str,
    form: str = "mp4",
    *,
    width: int = 64,
    height: int = 48,
    frames: int,
    options: dict[str, str] | None = None,
) -> None:
    codec = "libvpx" if form == "webm" else "mpeg4"
    with av.open(target, mode="w", format=form, options=options or {}) as container:
        stream = container.add_stream(codec, rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            image = picture(width, height, seed=number)
            frame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]  # PyAV
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def sound() -> bytes:
    """An MP4 that has sound and no picture."""
    written = io.BytesIO()
    with av.open(written, mode="w", format="mp4") as container:
        stream = container.add_stream("aac", rate=44100)
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
        frame.sample_rate = 44100
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))  # silence
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return written.getvalue()
