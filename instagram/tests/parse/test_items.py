"""The shapes of items, and pages with an item of unknown shape."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core import texts
from core.utils.errors import UnexpectedPayload
from instagram.archiving import parse
from instagram.archiving.records import PostRecord, StoryRecord
from tests.support.payloads import example, item, listed

BEYOND_FLOATS = 2**53 + 1


def read(**changes: Any) -> PostRecord:
    (post,) = parse.posts(listed(item(**changes))).items
    return post


def without(key: str, *, index: int = 0) -> Any:
    return {name: value for name, value in item(index).items() if name != key}


def read_story(**changes: Any) -> StoryRecord:
    payload = example("stories", "private")
    payload["reel"]["items"] = [{**payload["reel"]["items"][0], **changes}]
    (story,) = parse.stories(payload).items
    return story


def test_an_id_above_2_to_the_53_stays_exact() -> None:
    assert read(pk=BEYOND_FLOATS, id=None).instagram_id == "9007199254740993"


def test_a_number_that_was_rounded_loses_to_the_exact_text() -> None:
    post = read(pk=3412345678901234700, id="3412345678901234567_58123456789")

    assert post.instagram_id == "3412345678901234567"


@pytest.mark.parametrize(
    "hostile", [True, 3.4e18, float("nan"), "", "0", "12ab", "١٢٣", "9" * 33, -5, [], {}, None]
)
def test_an_item_without_a_valid_id_is_rejected_alone(hostile: object) -> None:
    page = parse.posts(listed(item(0), item(2, pk=hostile, id=hostile)))

    assert [post.instagram_id for post in page.items] == ["3412345678901234567"]
    assert [rejection.path for rejection in page.rejected] == ["posts[1].id"]


def test_a_rejected_item_keeps_its_raw_payload() -> None:
    unknown = {"unit_of_tomorrow": {"id": "1"}}

    (rejection,) = parse.posts(listed(unknown)).rejected

    assert isinstance(rejection, UnexpectedPayload)
    assert rejection.raw == unknown


def test_a_rejected_item_counts_as_shown() -> None:
    unreadable = item(0, taken_at=None, pk="77", id="77")

    page = parse.posts(listed(unreadable, item(2)))

    assert page.ids == (page.items[0].instagram_id, "77")
    assert page.names_all


def test_a_page_with_something_that_has_no_id_does_not_name_all_it_shows() -> None:
    assert not parse.posts(listed({"unit": {}}, item(2))).names_all


@pytest.mark.parametrize(
    "sign",
    [{"product_type": "ad"}, {"ad_id": "1"}, {"injected": {"label": "Sponsored"}}, {"is_ad": True}],
)
def test_an_advertisement_is_known_as_one(sign: dict[str, Any]) -> None:
    assert read(**sign).is_advertisement


@pytest.mark.parametrize(
    "entry",
    [
        {"suggested_users": {"id": "1"}},
        {"end_of_feed_demarcator": {"id": 1}},
        {"media_or_ad": {"product_type": "ad", "id": "1"}},
    ],
)
def test_known_units_of_a_feed_are_left_out(entry: Any) -> None:
    page = parse.posts(listed(entry, item(2)))

    assert (len(page.items), page.rejected) == (1, ())


def test_the_first_of_two_equal_posts_counts() -> None:
    page = parse.posts(listed(item(like_count=7), item(like_count=8)))

    assert [post.like_count for post in page.items] == [7]


def test_the_raw_payload_of_a_post_is_its_item() -> None:
    assert read().raw == item()


@pytest.mark.parametrize("key", ["like_count", "comment_count", "play_count", "caption"])
def test_a_missing_key_is_unknown(key: str) -> None:
    (post,) = parse.posts(listed(without(key))).items

    assert getattr(post, key) is None


@pytest.mark.parametrize("count", [-1, 2**63, True, 1.5, "many", None, [1]])
def test_a_senseless_count_is_unknown(count: object) -> None:
    assert read(comment_count=count).comment_count is None


def test_a_count_given_as_text_is_read() -> None:
    assert read(comment_count="1204").comment_count == 1204


def test_a_caption_of_null_is_known_to_be_empty() -> None:
    assert read(caption=None).caption == ""


def test_a_caption_without_text_is_unknown() -> None:
    assert read(caption={"pk": "1"}).caption is None


def test_a_caption_given_as_text_is_read() -> None:
    assert read(caption="plain").caption == "plain"


@pytest.mark.parametrize(
    "taken_at",
    [
        1721000000,
        1721000000.0,
        "1721000000",
        "2024-07-14T23:33:20Z",
        1721000000_000,
        "1721000000000",
        1721000000_000_000,
    ],
)
def test_a_time_is_read_from_epoch_or_iso(taken_at: object) -> None:
    assert read(taken_at=taken_at).taken_at == datetime(2024, 7, 14, 23, 33, 20, tzinfo=UTC)


def test_a_time_without_offset_is_utc() -> None:
    post = read(taken_at=None, taken_at_date="2024-07-14T23:33:20")

    assert post.taken_at == datetime(2024, 7, 14, 23, 33, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    "taken_at",
    [
        0,
        -1,
        10**400,
        1721000000 * 10**9,
        True,
        float("inf"),
        "soon",
        "0001-01-01T00:00:00+10:00",
        {},
    ],
)
def test_a_post_of_no_sane_time_is_rejected(taken_at: object) -> None:
    page = parse.posts(listed(item(taken_at=taken_at)))

    assert [rejection.path for rejection in page.rejected] == ["posts[0].taken_at"]


def test_a_carousel_without_its_children_is_rejected() -> None:
    page = parse.posts(listed(without("carousel_media", index=1)))

    assert [rejection.path for rejection in page.rejected] == ["posts[0].carousel_media"]


def test_a_web_carousel_without_its_children_is_rejected() -> None:
    web = example("post", "web")["data"]["shortcode_media"]
    del web["edge_sidecar_to_children"]

    page = parse.posts({"edges": [{"node": web}]})

    assert [rejection.path for rejection in page.rejected] == ["posts[0].carousel_media"]


def test_a_carousel_with_one_unknown_child_is_rejected_as_a_whole() -> None:
    carousel = item(1)
    carousel["carousel_media"][1] = {"media_type": 1}

    page = parse.posts(listed(carousel))

    assert page.items == ()
    assert page.rejected[0].path == "posts[0].carousel_media[1].id"


def test_a_child_listed_twice_is_kept_once() -> None:
    children = item(1)["carousel_media"]

    post = read(index=1, carousel_media=[*children, children[0]])

    assert [medium.instagram_id[-2:] for medium in post.media] == ["23", "21", "22"]


def test_an_endless_carousel_is_rejected() -> None:
    children = [{"pk": str(number)} for number in range(1, 200)]

    page = parse.posts(listed(item(1, carousel_media=children)))

    assert page.rejected[0].path == "posts[0].carousel_media"


def test_the_largest_picture_wins_wherever_it_stands() -> None:
    sizes = [(10, 10), (30, 20), (20, 20), (None, 900)]
    offers = [{"url": f"https://a.example/{w}", "width": w, "height": h} for w, h in sizes]

    post = read(image_versions2={"candidates": offers})

    assert post.media[0].image_url == "https://a.example/30"


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "//a.example/x", "file:///x", "https://", "http://a b", 7]
)
def test_a_picture_that_is_no_web_address_is_unknown(address: object) -> None:
    post = read(image_versions2={"candidates": [{"url": address, "width": 9, "height": 9}]})

    assert post.media[0].image_url is None


def test_an_address_may_be_written_in_capitals() -> None:
    offer = {"url": "HTTPS://a.example/x", "width": 9, "height": 9}

    post = read(image_versions2={"candidates": [offer]})

    assert post.media[0].image_url == "HTTPS://a.example/x"


def test_the_size_of_the_original_is_preferred_to_that_of_an_enlarged_picture() -> None:
    web = example("post", "web")["data"]["shortcode_media"]
    node = web["edge_sidecar_to_children"]["edges"][0]["node"]
    node["display_url"] = None
    node["dimensions"] = {"width": 720, "height": 900}

    medium = parse.post(web).media[0]

    assert (medium.width, medium.height) == (720, 900)


@pytest.mark.parametrize("height", [None, 0, 2**31, "tall"])
def test_an_original_without_a_sane_size_takes_that_of_the_picture(height: object) -> None:
    medium = read(original_width=3000, original_height=height).media[0]

    assert (medium.width, medium.height) == (1440, 1800)


def test_a_web_video_is_known_by_its_type_name_alone() -> None:
    web = example("reels", "web")["data"]["user"]["edge_felix_video_timeline"]["edges"][0]["node"]
    del web["is_video"]

    assert parse.post(web).variant == "video"


@pytest.mark.parametrize("length", [texts.CAPTION, texts.CAPTION + 1, 10**6])
def test_a_long_caption_keeps_one_character_above_the_bound(length: int) -> None:
    post = read(caption={"text": "x" * length})

    assert len(post.caption or "") == min(length, texts.CAPTION + 1)
    assert len(post.raw["caption"]["text"]) == length


def test_an_owner_known_by_id_only_stays_known() -> None:
    owner = read(user={"pk": 58123456789}).owner

    assert owner is not None
    assert (owner.instagram_id, owner.username) == ("58123456789", None)


def test_the_owner_with_a_name_is_preferred() -> None:
    owner = read(user={"pk": "5"}, owner={"pk": "5", "username": "Lumen.Harbor"}).owner

    assert owner is not None
    assert owner.username == "lumen.harbor"


@pytest.mark.parametrize("user", [None, [], "lumen", {"username": "lumen"}, {"pk": 1.5}])
def test_a_post_may_have_no_known_owner(user: object) -> None:
    assert read(user=user).owner is None


def test_a_coauthor_listed_twice_is_kept_once() -> None:
    coauthor = {"pk": "60987654321", "username": "tide.tables"}

    assert len(read(coauthor_producers=[coauthor, None, coauthor]).coauthors) == 1


@pytest.mark.parametrize("name", ["x" * 31, "naïve", "a b", "", "a\n", 7, None])
def test_an_invalid_username_is_unknown(name: object) -> None:
    owner = read(user={"pk": "5", "username": name}).owner

    assert owner is not None
    assert owner.username is None


def test_a_location_outside_the_globe_has_no_coordinates() -> None:
    location = read(location={"pk": 7, "name": "Nowhere", "lat": 91, "lng": "west"}).location

    assert location is not None
    assert (location.latitude, location.longitude) == (None, None)


def test_a_location_without_id_and_name_is_none() -> None:
    assert read(location={"lat": 1.0, "lng": 2.0}).location is None


def test_a_story_without_an_expiry_lives_a_day() -> None:
    story = read_story(expiring_at=None)

    assert story.expires_at == story.taken_at + timedelta(hours=24)


@pytest.mark.parametrize("key", ["expiring_at", "expiring_at_timestamp"])
def test_a_story_may_live_longer_than_a_day(key: str) -> None:
    story = read_story(**{"expiring_at": None, key: 1753000000 + 172800})

    assert story.expires_at == story.taken_at + timedelta(hours=48)


def test_a_story_cannot_expire_before_it_was_taken() -> None:
    story = read_story(expiring_at=1600000000)

    assert story.expires_at == story.taken_at + timedelta(hours=24)


def test_a_story_of_another_owner_keeps_its_own() -> None:
    owner = read_story(user={"pk": "60987654321"}).owner

    assert owner is not None
    assert (owner.instagram_id, owner.username) == ("60987654321", None)


def test_a_reel_that_leaves_out_its_items_is_rejected() -> None:
    full = example("stories", "private")["reel"]

    page = parse.stories({"tray": [full, {"id": 7, "media_count": 3}], "status": "ok"})

    assert len(page.items) == 2
    assert [rejection.path for rejection in page.rejected] == ["stories[2].items"]


def test_a_reel_of_active_stories_is_no_highlight() -> None:
    tray = [*example("highlights", "private")["tray"], {"id": 7, "reel_type": "user_reel"}]

    page = parse.highlights({"tray": tray})

    assert len(page.items) == 2
    assert page.rejected[0].path == "highlights[2].title"
