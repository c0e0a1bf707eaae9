"""The properties of records."""

from __future__ import annotations

from dataclasses import replace

from lab.builders import medium, post


def test_a_video_post_without_the_video_s_address_lacks_a_file() -> None:
    assert post(1, media=[replace(medium(1), is_video=True)]).lacks_files


def test_a_video_post_with_its_video_lacks_nothing() -> None:
    assert not post(1, variant="video", media=[medium(1, video=True)]).lacks_files


def test_a_carousel_lacks_a_file_if_one_child_has_no_url() -> None:
    assert post(1, media=[medium(1), replace(medium(2), image_url=None)]).lacks_files
