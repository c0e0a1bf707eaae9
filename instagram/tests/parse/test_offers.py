"""The files that items offer and the numbers that they count."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instagram.archiving import parse
from instagram.tests.parse.test_items import read, read_story
from tests.support.payloads import example, item

VIDEO = [{"url": "https://a.example/v"}]


@pytest.mark.parametrize("media_type", [None, 1, 2, "2", "1", 0, "video", {}, 8.5])
def test_an_offered_video_makes_a_video_for_any_media_type(media_type: object) -> None:
    post = read(media_type=media_type, video_versions=VIDEO)

    assert (post.variant, post.media[0].video_url) == ("video", "https://a.example/v")


@pytest.mark.parametrize("denial", [{"is_video": False}, {"__typename": "XDTGraphImage"}])
def test_an_offered_video_that_is_denied_makes_none(denial: dict[str, Any]) -> None:
    assert read(media_type=None, video_versions=VIDEO, **denial).media[0].video_url is None


def test_a_denial_does_not_outweigh_another_word_for_a_video() -> None:
    assert read(media_type=2, is_video=False, video_versions=VIDEO).media[0].video_url


@pytest.mark.parametrize(
    "sign",
    [
        {"media_type": 2},
        {"media_type": "2"},
        {"media_type": None, "is_video": True},
        {"media_type": None, "__typename": "XDTGraphVideo"},
        {"media_type": None, "product_type": "clips"},
        {"media_type": None, "video_duration": 3.5},
        {"media_type": None, "video_dash_manifest": "<MPD/>"},
    ],
)
def test_a_video_without_a_url_lacks_a_file(sign: dict[str, Any]) -> None:
    assert read(**sign).lacks_files


def test_a_child_that_is_a_video_without_address_lacks_a_file() -> None:
    child = {**item(1)["carousel_media"][0], "media_type": 2, "video_versions": None}

    assert read(**item(1, carousel_media=[child, *item(1)["carousel_media"][1:]])).lacks_files


def test_a_story_that_is_a_video_without_address_lacks_a_file() -> None:
    assert read_story(media_type=2, video_versions=[]).lacks_files


@pytest.mark.parametrize("said", [{"media_type": 1}, {"media_type": 2, "video_versions": VIDEO}])
def test_a_story_with_its_files_lacks_nothing(said: dict[str, Any]) -> None:
    assert not read_story(**said).lacks_files


def test_a_carousel_with_fewer_children_than_it_counts_is_cut_short() -> None:
    children = item(1)["carousel_media"]

    assert not read(**item(1, carousel_media_count=len(children))).is_cut_short
    assert read(**item(1, carousel_media_count=len(children) + 1)).is_cut_short


@pytest.mark.parametrize(
    "count", [{"media_count": 9}, {"media_ids": [1, 2, 3, 4, 5, 6]}, {"count": 9}]
)
def test_stories_fewer_than_their_reel_counts_do_not_name_all(count: dict[str, Any]) -> None:
    payload = example("stories", "private")
    whole = parse.stories(payload)
    payload["reel"] |= count

    assert whole.names_all
    assert not parse.stories(payload).names_all


def test_a_reel_that_lists_a_story_twice_is_not_shorter_than_its_count() -> None:
    payload = example("stories", "private")
    items = payload["reel"]["items"]
    payload["reel"] |= {"items": [*items, items[0]], "media_count": len(items) + 1}

    assert parse.stories(payload).names_all


def test_a_tray_shorter_than_its_count_does_not_name_all() -> None:
    payload = {"items": [{"id": "highlight:1", "title": "T"}], "count": 2}

    assert parse.highlights(payload).is_cut_short


@given(order=st.permutations(["a_n.jpg", "b_n.jpg", "c_n.jpg"]))
def test_the_choice_between_equal_offers_does_not_depend_on_their_order(order: list[str]) -> None:
    offers = [{"url": f"https://x.example/{name}", "width": 5, "height": 5} for name in order]
    post = read(image_versions2={"candidates": offers})

    assert post.media[0].image_url == "https://x.example/a_n.jpg"
