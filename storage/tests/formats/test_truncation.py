"""Files without their end are detected."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.formats import media_types, truncation
from storage.formats.media_types import Kind
from tests.support import samples

PICTURES = [samples.picture(seed=seed) for seed in range(3)]
FRAMES = {"save_all": True, "append_images": PICTURES[1:]}
HEIC = (
    b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0\0\0\x0cmetaabcd"
    + b"\0\0\0\x01mdat" + (26).to_bytes(8) + b"0123456789"
)  # fmt: skip

WHOLE = [
    (media_types.MP4, samples.video()),
    (media_types.MP4, samples.faststart()),
    (media_types.MOV, samples.video("mov")),
    (media_types.HEIC, HEIC),
    (media_types.AVIF, samples.encoded(PICTURES[0], "AVIF")),
    (media_types.PNG, samples.encoded(PICTURES[0], "PNG")),
    (media_types.GIF, samples.encoded(PICTURES[0], "GIF", **FRAMES)),
    (media_types.WEBM, samples.video("webm")),
    (media_types.M4A, samples.sound()),
    (media_types.JPEG, samples.encoded(PICTURES[0], "JPEG")),
    (media_types.JPEG, samples.encoded(PICTURES[0], "JPEG", progressive=True)),
    (media_types.JPEG, samples.encoded(PICTURES[0], "JPEG", restart_marker_blocks=1)),
    (media_types.WEBP, samples.encoded(PICTURES[0], "WEBP")),
]

each_kind = pytest.mark.parametrize(
    ("kind", "data"), WHOLE, ids=[f"{kind.extension} {len(data)}" for kind, data in WHOLE]
)


def is_whole(kind: Kind, data: bytes) -> bool:
    return truncation.is_whole(kind, lambda start, size: data[start : start + size], len(data))


@each_kind
def test_a_whole_file_is_whole(kind: Kind, data: bytes) -> None:
    assert is_whole(kind, data)


@each_kind
@pytest.mark.parametrize("cut", [1, 3, 9])
def test_a_file_without_its_last_bytes_is_not_whole(kind: Kind, data: bytes, cut: int) -> None:
    assert not is_whole(kind, data[:-cut])


@each_kind
def test_a_third_of_a_file_is_not_whole(kind: Kind, data: bytes) -> None:
    assert not is_whole(kind, data[: len(data) // 3])


def test_a_last_box_may_reach_to_the_end_without_a_length() -> None:
    assert is_whole(media_types.MP4, samples.video() + b"\0\0\0\0mdat" + b"x" * 50)


def test_bytes_behind_the_last_box_are_no_loss() -> None:
    assert is_whole(media_types.MP4, samples.faststart() + b"left behind by some writer")


def test_a_segment_of_unknown_length_is_taken_for_whole() -> None:
    data = samples.video("webm")
    place = data.index(truncation.SEGMENT) + 4

    assert is_whole(media_types.WEBM, data[:place] + b"\x01" + b"\xff" * 7 + data[place + 8 :][:99])


def test_bytes_behind_the_last_chunk_are_no_loss() -> None:
    assert is_whole(media_types.PNG, samples.encoded(PICTURES[0], "PNG") + b"junk")


@pytest.mark.parametrize(
    ("kind", "form"),
    [(media_types.JPEG, "JPEG"), (media_types.GIF, "GIF"), (media_types.WEBP, "WEBP")],
    ids=["JPEG", "GIF", "WebP"],
)
def test_bytes_behind_the_end_of_a_picture_are_no_loss(kind: Kind, form: str) -> None:
    assert is_whole(kind, samples.encoded(PICTURES[0], form) + b"the video of a motion photo")


def test_the_end_of_a_thumbnail_is_not_the_end_of_its_picture() -> None:
    exif = b"Exif\0\0" + samples.encoded(PICTURES[1], "JPEG")
    data = samples.encoded(PICTURES[0], "JPEG", exif=exif)

    assert not is_whole(media_types.JPEG, data[:-2])


@pytest.mark.parametrize("around", range(-8, 8))
def test_a_marker_across_the_border_of_two_reads_is_found(around: int) -> None:
    data = b"\xff\xd8\xff\xda\0\2" + b"x" * (truncation.SCANNED + around) + b"\xff\xd9"

    assert is_whole(media_types.JPEG, data)


def test_boxes_without_end_are_given_up() -> None:
    assert not is_whole(media_types.MP4, b"\0\0\0\x08free" * (truncation.MAX_STEPS + 1))


def test_zeros_between_the_blocks_of_a_gif_are_no_loss() -> None:
    data = samples.encoded(PICTURES[0], "GIF")

    assert is_whole(media_types.GIF, data[:-1] + b"\0\0;")


def test_the_blocks_of_a_gif_are_followed_over_more_than_one_window() -> None:
    comment = b"!\xfe" + b"\xff".ljust(256, b"x") * 600 + b"\0"
    data = samples.encoded(PICTURES[0], "GIF")
    place = data.rindex(b";")

    assert is_whole(media_types.GIF, data[:place] + comment + b";")
    assert not is_whole(media_types.GIF, data[:place] + comment[:-300])


@given(
    st.sampled_from([kind for kind, _ in WHOLE]),
    st.binary(max_size=80),
    st.sampled_from([b"", b"\x1aE\xdf\xa3", b"\0\0\0\x01mdat", b"\0\0\0\0"]),
)
def test_any_bytes_are_judged_without_an_error(kind: Kind, data: bytes, start: bytes) -> None:
    assert is_whole(kind, start + data) in {True, False}
