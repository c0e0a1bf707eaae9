"""The videos and sounds of the corpus."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial

import av
from PIL import Image

from tests.support.media_boxes import with_matrix

Picture = Callable[[tuple[int, int]], Image.Image]
Samples = Iterator[tuple[str, str, Callable[[], bytes]]]

RATE = 10
SIZES = ((96, 64), (64, 96), (98, 62))
CODECS = (
    ("mp4", "video/mp4", "libx264"),
    ("mov", "video/quicktime", "libx264"),
    ("mp4", "video/mp4", "mpeg4"),
    ("mp4", "video/mp4", "libvpx-vp9"),
    ("mp4", "video/mp4", "libsvtav1"),
    ("webm", "video/webm", "libvpx"),
    ("webm", "video/webm", "libvpx-vp9"),
    ("webm", "video/webm", "libsvtav1"),
    ("mp4", "video/mp4", "libx265"),
    ("mov", "video/quicktime", "prores_ks"),
    ("mov", "video/quicktime", "mjpeg"),
)
FORMATS = {"prores_ks": "yuv422p10le", "mjpeg": "yuvj420p"}
MATRICES = {
    "0": (1, 0, 0, 1), "90": (0, 1, -1, 0), "180": (-1, 0, 0, -1), "270": (0, -1, 1, 0),
    "mirrored": (-1, 0, 0, 1), "upside down": (1, 0, 0, -1), "transposed": (0, 1, 1, 0),
    "transversed": (0, -1, -1, 0), "45": (0.7071, 0.7071, -0.7071, 0.7071),
}  # fmt: skip
RATIOS = (Fraction(2, 1), Fraction(1, 2), Fraction(4, 3), Fraction(16, 11))


def samples(picture: Picture) -> Samples:
    """Name, media type and function of each sample."""
    yield from _codecs(picture)
    yield from _turns(picture)
    yield from _shapes(picture)
    for form, media_type in (("mp4", "video/mp4"), ("mov", "video/quicktime")):
        yield f"{form} sound alone", media_type, partial(sound, form, "aac")
    yield "webm sound alone", "video/webm", partial(sound, "webm", "libopus")


def _codecs(picture: Picture) -> Samples:
    for form, media_type, codec in CODECS:
        for size in SIZES if codec != "libsvtav1" else SIZES[:1]:
            name = f"{form} {codec} {size[0]}x{size[1]}"
            yield name, media_type, partial(video, picture(size), form, codec)
        yield (
            f"{form} {codec} one frame",
            media_type,
            partial(video, picture(SIZES[0]), form, codec, frames=1),
        )


def _turns(picture: Picture) -> Samples:
    for form, media_type in (("mp4", "video/mp4"), ("mov", "video/quicktime")):
        for size in SIZES:
            for title, matrix in MATRICES.items():
                name = f"{form} turned {title} {size[0]}x{size[1]}"
                yield name, media_type, partial(_turned, picture(size), form, matrix)


def _turned(image: Image.Image, form: str, matrix: tuple[float, float, float, float]) -> bytes:
    return with_matrix(video(image, form, "libx264"), *matrix)


def _shapes(picture: Picture) -> Samples:
    image = picture(SIZES[0])
    for form, media_type, codec in (
        ("mp4", "video/mp4", "libx264"),
        ("mov", "video/quicktime", "libx264"),
        ("webm", "video/webm", "libvpx"),
    ):
        for ratio in RATIOS:
            name = f"{form} pixels {ratio.numerator}:{ratio.denominator}"
            yield name, media_type, partial(video, image, form, codec, ratio=ratio)
    fragments = {"movflags": "frag_keyframe+empty_moov"}
    yield "mp4 fragmented", "video/mp4", partial(video, image, "mp4", "libx264", options=fragments)
    live = {"live": "1"}
    yield "webm live", "video/webm", partial(video, image, "webm", "libvpx", options=live)


def video(
    image: Image.Image,
    form: str,
    codec: str,
    *,
    frames: int = 10,
    ratio: Fraction | None = None,
    options: dict[str, str] | None = None,
) -> bytes:
    """So many frames of the picture, ten a second."""
    written = io.BytesIO()
    with av.open(written, mode="w", format=form, options=options or {}) as container:
        stream = container.add_stream(codec, rate=RATE)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = image.size
        stream.pix_fmt = FORMATS.get(codec, "yuv420p")
        if codec == "libx265":
            stream.codec_context.codec_tag = "hvc1"
            # With B-frames, a film of one frame gets a time that was never set.
            stream.options = {"x265-params": "log-level=none:bframes=0"}
        if ratio is not None:
            stream.codec_context.sample_aspect_ratio = ratio
        for _ in range(frames):
            frame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]  # PyAV
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return written.getvalue()


def sound(form: str, codec: str, *, seconds: int = 1) -> bytes:
    written = io.BytesIO()
    with av.open(written, mode="w", format=form) as container:
        stream = container.add_stream(codec, rate=48_000)
        assert isinstance(stream, av.AudioStream)
        layout = "fltp" if codec == "aac" else "s16"
        for number in range(seconds * 50):
            frame = av.AudioFrame(format=layout, layout="mono", samples=960)
            frame.sample_rate, frame.pts = 48_000, number * 960
            frame.planes[0].update(bytes(frame.planes[0].buffer_size))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return written.getvalue()
