"""Facts that are read from pixels, also of hostile bytes."""

from __future__ import annotations

import base64
import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from storage.formats import facts as limits
from storage.formats import media_types, probe
from tests.support import samples


def examine(data: bytes, kind: media_types.Kind = media_types.JPEG) -> probe.Facts:
    return probe.examine(io.BytesIO(data), kind.media_type)


def distance(one: probe.Facts, other: probe.Facts) -> int:
    """How many bits of the perceptual hashes differ."""
    assert one.perceptual_hash is not None
    assert other.perceptual_hash is not None
    return ((one.perceptual_hash ^ other.perceptual_hash) & (2**64 - 1)).bit_count()


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("JPEG", media_types.JPEG),
        ("PNG", media_types.PNG),
        ("GIF", media_types.GIF),
        ("WEBP", media_types.WEBP),
        ("AVIF", media_types.AVIF),
    ],
)
def test_an_image_of_each_kind_has_its_size(form: str, kind: media_types.Kind) -> None:
    facts = examine(samples.encoded(samples.picture(300, 200), form), kind)

    assert (facts.width, facts.height, facts.duration) == (300, 200, None)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_an_image_of_each_mode_has_a_blur(mode: str) -> None:
    facts = examine(
        samples.encoded(samples.picture().convert("L").convert(mode), "PNG"), media_types.PNG
    )

    assert facts.blur


def test_a_palette_with_transparency_is_read() -> None:
    image = samples.picture().convert("P")

    facts = examine(samples.encoded(image, "PNG", transparency=bytes(range(256))), media_types.PNG)

    assert facts.perceptual_hash is not None


def test_the_size_is_as_displayed() -> None:
    facts = examine(samples.jpeg(300, 200, orientation=6))

    assert (facts.width, facts.height) == (200, 300)


def test_the_blur_is_a_tiny_jpeg_of_the_same_shape() -> None:
    facts = examine(samples.jpeg(300, 150))

    blur = Image.open(io.BytesIO(base64.b64decode(facts.blur, validate=True)))
    assert (blur.format, blur.size) == ("JPEG", (16, 8))
    assert len(facts.blur) < 1200


def test_the_blur_leaves_out_the_comment_of_its_source() -> None:
    written = io.BytesIO()
    Image.new("RGB", (40, 20)).save(written, "JPEG", comment=b"written by hand")

    facts = examine(written.getvalue())

    assert b"written by hand" not in base64.b64decode(facts.blur)


def test_a_long_strip_has_a_blur_too() -> None:
    facts = examine(samples.encoded(samples.picture(4000, 1), "PNG"), media_types.PNG)

    assert (facts.width, facts.height) == (4000, 1)


def test_the_same_picture_at_another_size_has_nearly_the_same_hash() -> None:
    original, smaller = samples.picture(600, 400), samples.picture(600, 400).resize((300, 200))

    facts = [examine(samples.encoded(image, "JPEG")) for image in (original, smaller)]

    assert distance(*facts) <= 4


def test_another_picture_has_another_hash() -> None:
    mirrored = samples.picture(600, 400, seed=200).transpose(Image.Transpose.ROTATE_90)

    facts = [examine(samples.encoded(image, "JPEG")) for image in (samples.picture(), mirrored)]

    assert distance(*facts) > 16


def test_a_hash_fits_a_signed_column() -> None:
    rising = Image.linear_gradient("L").rotate(90)

    facts = examine(samples.encoded(rising, "PNG"), media_types.PNG)

    assert facts.perceptual_hash == -1  # all 64 bits


@pytest.mark.parametrize(
    ("form", "kind"),
    [("mp4", media_types.MP4), ("mov", media_types.MOV), ("webm", media_types.WEBM)],
)
def test_a_video_of_each_kind_is_probed(form: str, kind: media_types.Kind) -> None:
    facts = examine(samples.video(form, width=96, height=64), kind)

    assert (facts.width, facts.height) == (96, 64)
    assert facts.duration == pytest.approx(1.0, abs=0.2)


def test_the_poster_is_a_jpeg_of_the_videos_size() -> None:
    facts = examine(samples.video(width=96, height=64), media_types.MP4)

    poster = Image.open(io.BytesIO(facts.poster or b""))
    assert (poster.format, poster.size) == ("JPEG", (96, 64))


@pytest.mark.parametrize("turn", [90, 270])
def test_a_turned_video_is_upright(turn: int) -> None:
    facts = examine(turned(samples.video(width=96, height=64), turn), media_types.MP4)

    assert (facts.width, facts.height) == (64, 96)
    assert Image.open(io.BytesIO(facts.poster or b"")).size == (64, 96)


def turned(data: bytes, degrees: int) -> bytes:
    """The MP4 with another matrix in its track header, as phones write it."""
    one = 0x10000
    straight = struct.pack(">9i", one, 0, 0, 0, one, 0, 0, 0, 0x40000000)
    sine = one if degrees == 90 else -one
    matrix = struct.pack(">9i", 0, sine, 0, -sine, 0, 0, 0, 0, 0x40000000)
    place = data.rindex(straight)  # the movie header has the first, the track header the last
    return data[:place] + matrix + data[place + len(matrix) :]


def test_a_file_without_a_decoder_has_a_problem() -> None:
    assert examine(b"\0\0\0\x18ftypheic", media_types.HEIC) == probe.Facts(
        problem="blur: HEIC has no decoder"
    )


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        pytest.param(samples.jpeg()[:20], media_types.JPEG, id="only the head of a JPEG"),
        pytest.param(
            samples.encoded(samples.picture(), "PNG")[:-40], media_types.PNG, id="cut PNG"
        ),
        pytest.param(
            samples.encoded(samples.picture(), "WEBP")[:-60], media_types.WEBP, id="cut WebP"
        ),
        pytest.param(
            samples.encoded(samples.picture(), "AVIF")[:-60], media_types.AVIF, id="cut AVIF"
        ),
        pytest.param(b"GIF89a", media_types.GIF, id="only the head of a GIF"),
        pytest.param(
            samples.encoded(samples.picture(), "PNG"), media_types.JPEG, id="another kind"
        ),
        pytest.param(samples.video()[:400], media_types.MP4, id="cut MP4"),
        pytest.param(samples.video("webm")[:200], media_types.WEBM, id="cut WebM"),
        pytest.param(
            b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", media_types.MP4, id="a playlist"
        ),
    ],
)
def test_an_undecodable_file_has_a_problem_and_no_blur(data: bytes, kind: media_types.Kind) -> None:
    facts = examine(data, kind)

    assert facts.problem
    assert (facts.blur, facts.perceptual_hash, facts.poster) == ("", None, None)


def test_a_problem_names_the_step_and_the_error_alone() -> None:
    data = samples.encoded(samples.picture(), "PNG")

    assert examine(data[:-40], media_types.PNG).problem == "blur: OSError"


@pytest.mark.parametrize("kind", [media_types.MP4, media_types.MOV])
def test_sound_alone_is_labelled_as_sound(kind: media_types.Kind) -> None:
    facts = examine(samples.sound(), kind)

    assert (facts.media_type, facts.width, facts.problem) == ("audio/mp4", None, "")
    assert facts.duration == pytest.approx(0.046, abs=0.01)


def test_a_picture_with_too_many_pixels_keeps_its_size() -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)

    facts = examine(png(header, zlib.compress(b"\0" * 1000)), media_types.PNG)

    assert (facts.width, facts.height) == (60_000, 60_000)
    assert facts.problem == "blur: 60000 by 60000 pixels are too many to decode"


def test_a_panorama_is_decoded_at_an_eighth() -> None:
    facts = examine(samples.encoded(Image.new("L", (7072, 7071)), "JPEG"))

    assert (facts.width, facts.height, facts.problem) == (7072, 7071, "")
    assert facts.blur


def test_a_jpeg_of_several_scans_is_not_decoded_at_an_eighth_when_it_is_large() -> None:
    data = samples.encoded(Image.new("RGB", (16, 16)), "JPEG", subsampling=0)
    frame, scan = data.index(b"\xff\xc0"), data.index(b"\xff\xda")
    size = struct.pack(">HH", 3_800, 65_000)
    first_of_three = b"\xff\xda\0\x08\1\1\0\0\x3f\0" + bytes(64) + b"\xff\xd9"

    facts = examine(data[: frame + 5] + size + data[frame + 9 : scan] + first_of_three)

    assert (facts.width, facts.height) == (65_000, 3_800)
    assert facts.problem == "blur: 65000 by 3800 pixels are too many to decode"


def test_a_size_that_no_column_holds_is_unknown() -> None:
    header = struct.pack(">IIBBBBB", 2**32 - 1, 1, 8, 0, 0, 0, 0)

    assert examine(png(header, b""), media_types.PNG).width is None


def test_the_versions_of_the_decoders_fit_a_column() -> None:
    assert len(probe.DECODERS) <= 100


def test_any_error_of_a_decoder_is_a_missing_fact() -> None:
    problems: list[str] = []
    for error in (RecursionError, MemoryError, UnicodeError, AssertionError):
        with limits.noted(problems, "blur"):
            raise error

    assert problems == [
        "blur: RecursionError", "blur: MemoryError", "blur: UnicodeError", "blur: AssertionError"
    ]  # fmt: skip


@pytest.mark.parametrize("size", [(255, 255), (256, 1), (300, 200)])
def test_grey_of_sixteen_bits_is_as_bright_as_shown(size: tuple[int, int]) -> None:
    facts = examine(samples.encoded(Image.new("I;16", size, 30_000), "PNG"), media_types.PNG)

    assert blur_pixel(facts) == pytest.approx((117, 117, 117), abs=2)


def blur_pixel(facts: probe.Facts) -> tuple[int, ...]:
    """The first pixel of the blur."""
    pixel = Image.open(io.BytesIO(base64.b64decode(facts.blur))).getpixel((0, 0))
    assert isinstance(pixel, tuple)
    return pixel


def test_transparent_pixels_are_white_in_the_blur() -> None:
    facts = examine(samples.encoded(Image.new("RGBA", (40, 40)), "PNG"), media_types.PNG)

    assert blur_pixel(facts) == pytest.approx((255, 255, 255), abs=2)


def test_a_long_text_costs_no_picture() -> None:
    text = PngInfo()
    text.add_text("a", "x" * (1 << 20 | 1), zip=True)

    facts = examine(samples.encoded(samples.picture(), "PNG", pnginfo=text), media_types.PNG)

    assert (facts.width, facts.height, facts.problem) == (64, 48, "")


def test_an_orientation_in_xmp_turns_nothing() -> None:
    data = samples.encoded(samples.picture(), "JPEG", xmp=b'<a tiff:Orientation="6"/>')

    assert (examine(data).width, examine(data).height) == (64, 48)


def png(header: bytes, data: bytes) -> bytes:
    """A PNG of these chunks."""
    written = b"\x89PNG\r\n\x1a\n"
    for name, chunk in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b"")):
        checked = name + chunk
        written += struct.pack(">I", len(chunk)) + checked + struct.pack(">I", zlib.crc32(checked))
    return written


def test_an_error_of_the_disk_is_raised() -> None:
    class FailingDisk(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        probe.examine(FailingDisk(samples.jpeg()), "image/jpeg")


def test_an_error_of_the_disk_in_the_middle_of_a_video_is_raised() -> None:
    class FailingLater(io.BytesIO):
        reads = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.reads += 1
            if self.reads > 2:
                raise OSError(5, "Input/output error")
            return super().read(min(size or 0, 1024))

    with pytest.raises(OSError, match="Input/output"):
        probe.examine(FailingLater(samples.video()), "video/mp4")


SEEDS = [
    (samples.encoded(samples.picture(), form), kind)
    for form, kind in (
        ("JPEG", media_types.JPEG),
        ("PNG", media_types.PNG),
        ("GIF", media_types.GIF),
        ("WEBP", media_types.WEBP),
        ("AVIF", media_types.AVIF),
    )
] + [(samples.video(frames=2), media_types.MP4)]


@given(st.sampled_from(SEEDS), st.integers(0, 2000), st.binary(min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_damaged_bytes_give_facts_or_a_problem(
    seed: tuple[bytes, media_types.Kind], place: int, damage: bytes
) -> None:
    data, kind = seed
    place %= len(data)

    facts = examine(data[:place] + damage + data[place + len(damage) :], kind)

    assert facts.problem or facts.blur or facts.media_type
    assert 0 < (facts.width or 1) < 2**31
