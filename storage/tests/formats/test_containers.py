"""The stream of a container that is shown, and the facts that need no decoder."""

from __future__ import annotations

import base64
import io
import struct

import av
import pytest
from PIL import Image

from storage.formats import media_types, probe
from tests.support import samples

WHITE, RED = (255, 255, 255), (200, 0, 0)


def examine(data: bytes, kind: media_types.Kind) -> probe.Facts:
    return probe.examine(io.BytesIO(data), kind.media_type)


def film(*images: Image.Image, codec: str = "libx264", movflags: str = "") -> bytes:
    """One frame of each image, ten a second."""
    written = io.BytesIO()
    options = {"movflags": movflags} if movflags else {}
    with av.open(written, mode="w", format="mp4", options=options) as container:
        stream = container.add_stream(codec, rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *images[0].size, "yuv420p"
        for image in images:
            frame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]  # PyAV
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return written.getvalue()


def two_tracks() -> bytes:
    """An MP4 whose first track is a thumbnail of 32x32, and whose second is the film of 64x48."""
    written = io.BytesIO()
    with av.open(written, mode="w", format="mp4") as container:
        streams = []
        for size in ((32, 32), (64, 48)):
            stream = container.add_stream("mpeg4", rate=10)
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            streams.append(stream)
        for stream in streams:
            image = samples.picture(stream.width, stream.height)
            frame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]  # PyAV
            container.mux(stream.encode(frame))
            container.mux(stream.encode())
    return written.getvalue()


def with_track_enabled(data: bytes, number: int, *, enabled: bool) -> bytes:
    """The MP4 with that flag in the header of its track, counted from 0."""
    place = -1
    for _ in range(number + 1):
        place = data.index(b"tkhd", place + 1)
    return data[: place + 7] + bytes([3 if enabled else 2]) + data[place + 8 :]


def test_a_track_that_is_not_enabled_is_not_shown() -> None:
    data = with_track_enabled(two_tracks(), 0, enabled=False)

    facts = examine(with_track_enabled(data, 1, enabled=True), media_types.MP4)

    assert (facts.width, facts.height) == (64, 48)


def test_a_flat_first_frame_is_not_the_poster() -> None:
    black = Image.new("RGB", (64, 48))

    facts = examine(film(*[black] * 10, samples.picture()), media_types.MP4)

    assert poster(facts).convert("L").point(lambda value: value > 100).getbbox() is not None


def test_a_film_that_is_black_to_its_end_has_a_black_poster() -> None:
    facts = examine(film(*[Image.new("RGB", (64, 48))] * 3), media_types.MP4)

    assert (poster(facts).size, facts.problem) == ((64, 48), "")


def poster(facts: probe.Facts) -> Image.Image:
    return Image.open(io.BytesIO(facts.poster or b""))


def box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + name + data


def heic(*properties: bytes, width: int = 640, height: int = 480) -> bytes:
    """A HEIC without pixels: the container of its primary item alone."""
    ispe = box(b"ispe", bytes(4) + struct.pack(">II", width, height))
    indexes = bytes(range(1, len(properties) + 2))
    ipma = box(b"ipma", struct.pack(">IIHB", 0, 1, 7, len(indexes)) + indexes)
    iprp = box(b"iprp", box(b"ipco", ispe + b"".join(properties)) + ipma)
    meta = box(b"meta", bytes(4) + box(b"pitm", struct.pack(">IH", 0, 7)) + iprp)
    return box(b"ftyp", b"heic\0\0\0\0mif1heic") + meta


def clap(width: int, height: int, right: int, down: int) -> bytes:
    return box(b"clap", struct.pack(">iIiIiIiI", width, 1, height, 1, right, 1, down, 1))


@pytest.mark.parametrize(
    ("properties", "size"),
    [
        ((), (640, 480)),
        ((box(b"irot", b"\1"),), (480, 640)),
        ((box(b"irot", b"\2"),), (640, 480)),
        ((box(b"imir", b"\0"),), (640, 480)),
        ((clap(320, 200, 0, 0),), (320, 200)),
        ((clap(320, 200, 0, 0), box(b"irot", b"\3")), (200, 320)),
        ((clap(9000, 200, 0, 0),), (640, 480)),
    ],
    ids=["plain", "quarter turn", "half turn", "mirror", "crop", "crop and turn", "crop outside"],
)
def test_the_size_of_a_heic_comes_from_its_container(
    properties: tuple[bytes, ...], size: tuple[int, int]
) -> None:
    facts = examine(heic(*properties), media_types.HEIC)

    assert (facts.width, facts.height) == size


def test_a_size_of_a_heic_that_no_column_holds_is_unknown() -> None:
    facts = examine(heic(width=2**32 - 1), media_types.HEIC)

    assert (facts.width, facts.height) == (None, None)


def test_a_frame_smaller_than_its_screen_has_a_white_border() -> None:
    data = bytearray(samples.encoded(Image.new("RGB", (16, 16), RED).convert("P"), "GIF"))
    data[6:10] = struct.pack("<HH", 64, 64)

    facts = examine(bytes(data), media_types.GIF)

    assert (facts.width, facts.height, facts.problem) == (64, 64, "")
    assert blur(facts).getpixel((15, 15)) == pytest.approx(WHITE, abs=40)


def blur(facts: probe.Facts) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(facts.blur)))


def turned(data: bytes) -> bytes:
    """The MP4 with the matrix of a quarter turn in the header of its last track."""
    one = 0x10000
    straight = struct.pack(">9i", one, 0, 0, 0, one, 0, 0, 0, 0x40000000)
    place = data.rindex(straight)
    matrix = struct.pack(">9i", 0, one, 0, -one, 0, 0, 0, 0, 0x40000000)
    return data[:place] + matrix + data[place + len(matrix) :]


def without_pixels(data: bytes, kept: int = 0) -> bytes:
    """The MP4 with zeros in place of its frames but for so many bytes."""
    start = data.index(b"mdat") + 4
    end = start + int.from_bytes(data[start - 8 : start - 4]) - 8
    return data[: start + kept] + bytes(end - start - kept) + data[end:]


def test_a_turned_film_that_cannot_be_decoded_has_its_size_as_displayed() -> None:
    facts = examine(without_pixels(turned(film(samples.picture()))), media_types.MP4)

    assert (facts.width, facts.height, facts.poster) == (48, 64, None)
    assert facts.problem.startswith("poster: ")


def test_a_codec_without_a_decoder_has_the_size_of_its_track() -> None:
    data = turned(film(samples.picture())).replace(b"avc1", b"none")

    facts = examine(data, media_types.MP4)

    assert (facts.width, facts.height) == (48, 64)
    assert facts.problem == "poster: a codec without a decoder"


def test_damage_behind_a_flat_first_frame_costs_no_poster() -> None:
    data = film(*[Image.new("RGB", (64, 48))] * 4, codec="mpeg4")
    with av.open(io.BytesIO(data), mode="r") as container:
        first = next(container.demux(video=0)).size

    facts = examine(without_pixels(data, kept=first), media_types.MP4)

    assert poster(facts).size == (64, 48)
    assert facts.problem.startswith("later frames: ")


def test_the_duration_is_that_of_all_fragments() -> None:
    images = [samples.picture(seed=seed) for seed in range(30)]
    data = film(*images, codec="mpeg4", movflags="frag_every_frame+empty_moov")

    assert examine(data, media_types.MP4).duration == pytest.approx(3.0, abs=0.11)
