"""The wrappers of answers, empty answers, and failures in the body."""

import json
from typing import Any

import pytest

from core.utils.errors import (
    CoreAPIError,
    NoSuchProfile,
    NotAvailable,
    PrivateProfile,
    UnexpectedPayload,
)
from instagram.archiving import parse
from tests.support.payloads import READERS, example, item, listed

PAGES = ("posts", "reels", "stories", "highlights", "highlight_stories")


def nested(depth: int) -> list[Any]:
    inner: list[Any] = []
    for _ in range(depth):
        inner = [inner]
    return inner


@pytest.mark.parametrize(
    "wrap",
    [
        lambda user: user,
        lambda user: {"user": user},
        lambda user: {"data": user},
        lambda user: {"data": {"user": user}, "status": True, "attempts": 1},
        lambda user: {"data": {"data": {"user": user}}},
        lambda user: {"graphql": {"user": user}},
        lambda user: {"node": user},
        lambda user: {"response": {"user": user}},
    ],
)
def test_a_profile_is_found_in_every_wrapper(wrap: Any) -> None:
    profile = parse.profile(wrap(example("profile", "private")))

    assert profile.username == "lumen.harbor"


def test_the_list_itself_may_be_the_data() -> None:
    assert len(parse.posts({"data": [item(0), item(2)]}).items) == 2


def test_the_posts_of_a_home_feed_are_found_in_their_slots() -> None:
    page = parse.posts({"feed_items": [{"media_or_ad": item(0)}, {"media_or_ad": item(2)}]})

    assert len(page.items) == 2


def test_the_recent_posts_inside_a_web_profile_are_a_page() -> None:
    page = parse.posts(example("profile", "web"))

    assert len(page.items) == 3
    assert page.next_cursor == "QVFweb"


def test_a_username_is_lower_cased() -> None:
    profile = parse.profile({**example("profile", "private"), "username": "Lumen.Harbor"})

    assert profile.username == "lumen.harbor"


def test_the_largest_picture_of_a_profile_may_be_in_its_list_of_versions() -> None:
    profile = parse.profile({**example("profile", "private"), "hd_profile_pic_url_info": None})

    assert profile.picture_url == "https://scontent.example/v/t51/lumen_s640x640.jpg?oe=69ffffff"


def test_missing_values_of_a_profile_are_unknown() -> None:
    profile = parse.profile({"pk": 7, "username": "bare"})

    known = {profile.full_name, profile.biography, profile.external_url, profile.picture_url}
    counts = {profile.follower_count, profile.following_count, profile.media_count}
    assert known | counts | {profile.is_private, profile.bio_links} == {None}


@pytest.mark.parametrize("link", [None, ""])
def test_a_profile_that_names_no_link_is_known_to_have_none(link: object) -> None:
    profile = parse.profile({**example("profile", "web")["data"]["user"], "external_url": link})

    assert profile.external_url == ""


def test_a_link_that_is_no_web_address_is_unknown() -> None:
    profile = parse.profile({"pk": 7, "username": "bare", "external_url": "javascript:alert(1)"})

    assert profile.external_url is None


@pytest.mark.parametrize("reader", [parse.profile, parse.posts, parse.stories, parse.highlights])
def test_a_user_of_null_is_no_such_profile(reader: Any) -> None:
    with pytest.raises(NoSuchProfile):
        reader({"data": {"user": None, "viewer": {}}, "status": "ok"})


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize(
    "body",
    [
        {"status": "fail", "message": "Please wait a few minutes", "require_login": True},
        {"status": False, "errorMessage": "no answer", "user": None},
        {"code": 400, "message": "execution error", "data": None},
        {"data": {"code": 404}},
        {"errors": {"error": ["a problem"]}, "status": "ok", "error_type": "generic"},
    ],
)
def test_a_failure_in_the_body_is_never_taken_for_gone(kind: str, body: Any) -> None:
    with pytest.raises(NotAvailable):
        READERS[kind](body)


@pytest.mark.parametrize("key", ["message", "errorMessage"])
def test_the_provider_may_say_that_a_profile_is_private(key: str) -> None:
    with pytest.raises(PrivateProfile):
        parse.posts({"status": "fail", key: "Not authorized to view user"})


@pytest.mark.parametrize("kind", PAGES)
def test_an_empty_list_of_a_private_profile_is_not_an_empty_profile(kind: str) -> None:
    with pytest.raises(PrivateProfile):
        READERS[kind]({"data": {"items": [], "user": {"id": "7", "is_private": True}}})


def test_a_private_profile_that_shows_its_posts_is_read() -> None:
    page = parse.posts({**listed(item()), "user": {"pk": 7, "is_private": True}})

    assert len(page.items) == 1


@pytest.mark.parametrize("kind", PAGES)
def test_an_empty_list_is_an_empty_page(kind: str) -> None:
    page = READERS[kind]({"data": {"items": []}})

    assert (page.items, page.rejected, page.next_cursor) == ((), (), None)


@pytest.mark.parametrize(
    "payload", [{"reel": None}, {"reels": {}}, {"reels_media": []}, {"tray": []}]
)
def test_no_reel_means_no_stories(payload: Any) -> None:
    assert parse.stories({**payload, "status": "ok"}).items == ()


@pytest.mark.parametrize(
    "payload", [{"items": []}, {"data": {"shortcode_media": None}}, {"xdt_shortcode_media": None}]
)
def test_an_empty_place_of_a_post_is_not_available(payload: Any) -> None:
    with pytest.raises(NotAvailable):
        parse.post(payload)


def test_a_single_post_of_unknown_shape_is_kept() -> None:
    broken = {**item(), "taken_at": None}

    with pytest.raises(UnexpectedPayload) as caught:
        parse.post({"items": [broken]})

    assert (caught.value.path, caught.value.raw) == ("post.taken_at", broken)


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("payload", [None, "text", 7, True, {}, {"data": None}, {"data": "x"}])
def test_an_answer_of_no_known_shape_is_unexpected(kind: str, payload: object) -> None:
    with pytest.raises(UnexpectedPayload) as caught:
        READERS[kind](payload)

    assert caught.value.path == kind


def test_the_text_of_an_error_quotes_nothing_of_the_answer() -> None:
    with pytest.raises(CoreAPIError) as caught:
        parse.profile({"status": "fail", "message": "the token secret-token is wrong"})

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("paging", "cursor"),
    [
        ({"more_available": True, "next_max_id": "QVF"}, "QVF"),
        ({"next_max_id": 3412345678901220005}, "3412345678901220005"),
        ({"more_available": False, "next_max_id": "QVF"}, None),
        ({"paging_info": {"more_available": True, "max_id": "QVF"}}, "QVF"),
        ({"paging_info": {"more_available": False, "max_id": "QVF"}}, None),
        ({"page_info": {"has_next_page": True, "end_cursor": "QVF"}}, "QVF"),
        ({"page_info": {"has_next_page": False, "end_cursor": "QVF"}}, None),
        ({"pagination_token": "QVF"}, "QVF"),
        ({"pagination_token": ""}, None),
        ({"pagination_token": None}, None),
        ({}, None),
    ],
)
def test_a_page_has_the_cursor_of_the_next_one(paging: Any, cursor: str | None) -> None:
    assert parse.posts({"items": [item()], **paging}).next_cursor == cursor


def test_a_page_that_promises_more_without_a_cursor_is_not_the_end() -> None:
    page = parse.posts({"items": [item()], "more_available": True, "next_max_id": None})

    assert len(page.items) == 1
    assert page.rejected[0].path == "posts[1].next_cursor"


def test_characters_that_cannot_be_stored_are_replaced_in_records_and_raw() -> None:
    post = parse.post(item(caption={"text": "a\x00b\ud800c", "extra": {"\x00key": ["\udfff"]}}))

    assert post.caption == "a\ufffdb\ufffdc"
    assert post.raw["caption"]["extra"] == {"\ufffdkey": ["\ufffd"]}


def test_a_character_outside_the_basic_plane_survives() -> None:
    assert parse.post(item(caption=json.loads(r'"\ud83d\ude00"'))).caption == "😀"


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 10**2000])
def test_numbers_that_cannot_be_stored_become_null(number: float) -> None:
    assert parse.post(item(device_timestamp=number)).raw["device_timestamp"] is None


def test_hostile_depth_costs_only_the_values_below_the_bound() -> None:
    post = parse.post(item(extra=nested(100_000)))

    assert post.instagram_id == "3412345678901234567"
    assert json.dumps(post.raw["extra"]).count("[") < 100


def test_a_payload_of_nothing_but_depth_is_unexpected() -> None:
    with pytest.raises(UnexpectedPayload):
        parse.profile(nested(100_000))
