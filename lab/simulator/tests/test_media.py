"""The files' bytes, without a server."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from lab.simulator import drawing
from lab.simulator.files import File, parse_path
from lab.simulator.media import MEGABYTE, Library, SimulatedContent

IMAGE = File("image", 3, 123_456_789_012_345)
VIDEO = File("video", 1, 123_456_789_012_345)


@pytest.mark.parametrize("file", [IMAGE, VIDEO, File("cover", 33, 9), File("video", 2, 9, 2, 1000)])
def test_a_path_identifies_its_file(file: File) -> None:
    assert parse_path(file.path("seed"), "seed") == file


def test_a_path_of_another_seed_is_unknown() -> None:
    assert parse_path(IMAGE.path("seed"), "other") is None


def test_a_name_in_the_wrong_folder_is_unknown() -> None:
    assert parse_path("/v/t50.2886-16/" + IMAGE.name("seed"), "seed") is None


def test_files_of_one_look_differ(tmp_path: Path) -> None:
    library = Library(tmp_path)

    assert library.content(IMAGE).real != library.content(File("image", 3, 1)).real


def test_copies_are_equal(tmp_path: Path) -> None:
    library = Library(tmp_path)
    copy = File("image", 3, 123_456_789_012_345, copy=2)

    assert library.content(IMAGE) == library.content(copy)


def test_a_base_is_drawn_once_and_then_read(tmp_path: Path) -> None:
    Library(tmp_path).content(IMAGE)
    (stored,) = tmp_path.iterdir()
    stored.write_bytes(b"\xff\xd8 stored")

    assert b"stored" in Library(tmp_path).content(IMAGE).real


@pytest.mark.slow
@pytest.mark.parametrize("base", range(5))
def test_a_clip_is_drawn_the_same_every_time(base: int) -> None:
    assert drawing.clip(base) == drawing.clip(base)


def test_a_picture_is_drawn_the_same_every_time() -> None:
    assert drawing.picture(40) == drawing.picture(40)


def test_padding_is_counted_and_hashed_without_being_held(tmp_path: Path) -> None:
    padded = Library(tmp_path).content(File("video", 1, 1, padding=3))

    assert padded.size == len(padded.real) + 3 * MEGABYTE
    assert len(padded.real) < MEGABYTE
    assert padded.sha256() == hashlib.sha256(padded.real + bytes(3 * MEGABYTE)).hexdigest()


@pytest.mark.parametrize(("start", "stop"), [(0, 10), (2, 4), (3, 8), (6, 9), (0, 5), (5, 10)])
def test_any_part_of_a_padded_content_can_be_cut_out(start: int, stop: int) -> None:
    content = SimulatedContent(b"12345", padding=5)

    assert b"".join(content.chunks(start, stop)) == b"12345\0\0\0\0\0"[start:stop]
