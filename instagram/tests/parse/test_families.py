"""The four families give the same records."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from instagram.archiving import parse
from instagram.archiving.records import MediaRecord, OwnerRecord, PostRecord, ProfileRecord
from tests.support.payloads import FAMILIES, example

pytestmark = pytest.mark.parametrize("family", FAMILIES)

CDN = "https://scontent.example/v"
SIGNED = "oh=aa&oe=69ffffff"


def image(name: str, size: str) -> str:
    return f"{CDN}/t51/{name}_{size}.jpg?{SIGNED}"


def video(name: str) -> str:
    return f"{CDN}/t50/{name}_720x1280.mp4?oh=bb&oe=69ffffff"


def child(number: str, *, is_video: bool = False) -> MediaRecord:
    return MediaRecord(
        instagram_id=f"34123456789012300{number}",
        image_url=image(f"b{number}", "1440x1800"),
        video_url=video(f"b{number}") if is_video else None,
        width=1440,
        height=1800,
        duration=9.5 if is_video else None,
        is_video=is_video,
    )


def story(ending: str, *, duration: float | None = None) -> MediaRecord:
    return MediaRecord(
        instagram_id=f"3498765432109876{ending}",
        image_url=image(f"s{ending}", "1080x1920"),
        video_url=video(f"s{ending}") if duration else None,
        width=1080,
        height=1920,
        duration=duration,
        is_video=duration is not None,
    )


def read_posts(family: str) -> tuple[PostRecord, ...]:
    return parse.posts(example("posts", family)).items


def test_a_profile_is_read_in_full(family: str) -> None:
    profile = parse.profile(example("profile", family))

    assert replace(profile, raw={}) == ProfileRecord(
        instagram_id="58123456789",
        username="lumen.harbor",
        full_name="Lumen Harbor ⚓",
        biography="Lighthouses, mostly.\nنور",
        is_private=False,
        is_verified=True,
        external_url="https://lumen-harbor.example/",
        bio_links=("https://lumen-harbor.example/", "https://shop.lumen-harbor.example/"),
        follower_count=12840,
        following_count=311,
        media_count=57,
        picture_url=f"{CDN}/t51/lumen_s1080x1080.jpg?oe=69ffffff",
        raw={},
    )


def test_posts_keep_the_order_of_the_page(family: str) -> None:
    page = parse.posts(example("posts", family))

    assert [post.instagram_id for post in page.items] == [
        "3412345678901234567",
        "3412345678901230011",
        "3412345678901220005",
    ]
    assert [post.variant for post in page.items] == ["normal", "carousel", "video"]
    assert page.rejected == ()


def test_the_facts_of_a_post_are_read(family: str) -> None:
    post = read_posts(family)[0]

    assert (post.shortcode, post.caption) == ("C9bLumenA1x", "Fog signal at dawn ⚓ الفجر 夜明け")
    assert post.taken_at == datetime(2024, 7, 14, 23, 33, 20, tzinfo=UTC)
    assert (post.like_count, post.comment_count, post.play_count) == (1520, 34, None)


def test_a_post_of_one_image_is_its_own_only_child(family: str) -> None:
    assert read_posts(family)[0].media == (
        MediaRecord(
            instagram_id="3412345678901234567",
            image_url=image("a1x", "1440x1800"),
            video_url=None,
            width=1440,
            height=1800,
            alternative_text="A lighthouse in fog.",
        ),
    )


def test_a_carousel_keeps_its_order_and_its_video(family: str) -> None:
    assert read_posts(family)[1].media == (child("23"), child("21", is_video=True), child("22"))


def test_a_video_takes_its_largest_stream_and_its_cover(family: str) -> None:
    medium = read_posts(family)[2].media[0]

    assert (medium.video_url, medium.duration) == (video("c3z"), 12.5)
    assert medium.image_url == image("c3z", "1440x1800")


def test_hidden_likes_are_unknown(family: str) -> None:
    assert read_posts(family)[2].like_count is None
    assert read_posts(family)[2].play_count == 4200


def test_a_count_of_zero_is_known(family: str) -> None:
    assert read_posts(family)[1].comment_count == 0


def test_a_post_without_caption_is_known_to_have_none(family: str) -> None:
    assert read_posts(family)[2].caption == ""


def test_the_owner_and_the_coauthor_are_named(family: str) -> None:
    post = read_posts(family)[1]

    assert post.owner is not None
    assert (post.owner.instagram_id, post.owner.username) == ("58123456789", "lumen.harbor")
    assert [(who.instagram_id, who.username) for who in post.coauthors] == [
        ("60987654321", "tide.tables")
    ]


def test_the_location_is_named(family: str) -> None:
    location = read_posts(family)[0].location

    assert location is not None
    assert (location.instagram_id, location.name) == ("212345678", "North Mole")
    # The web family has no coordinates.
    assert (location.latitude, location.longitude) in {(59.91, 10.75), (None, None)}


def test_a_page_of_posts_names_the_next(family: str) -> None:
    cursors = {
        "web": "QVFweb",
        "private": "3412345678901220005_58123456789",
        "v2": "djItdG9rZW4",
        "xdt": "3412345678901220005_58123456789",
    }

    assert parse.posts(example("posts", family)).next_cursor == cursors[family]


def test_a_single_post_equals_the_same_post_of_a_page(family: str) -> None:
    assert parse.post(example("post", family)) == read_posts(family)[1]


def test_a_reel_equals_the_same_post_of_a_page(family: str) -> None:
    page = parse.reels(example("reels", family))

    assert page.items == (read_posts(family)[2],)
    assert page.next_cursor is None


def test_stories_are_read_with_their_media(family: str) -> None:
    page = parse.stories(example("stories", family))

    assert [found.media for found in page.items] == [story("543"), story("600", duration=7.25)]
    assert page.rejected == ()


def test_stories_carry_their_times(family: str) -> None:
    first = parse.stories(example("stories", family)).items[0]

    assert first.taken_at == datetime(2025, 7, 20, 8, 26, 40, tzinfo=UTC)
    assert first.expires_at == first.taken_at + timedelta(hours=24)


@pytest.mark.parametrize("kind", ["stories", "highlight_stories"])
def test_stories_that_name_their_owner_by_id_take_the_name_from_the_reel(
    kind: str, family: str
) -> None:
    page = getattr(parse, kind)(example(kind, family))

    owners: list[OwnerRecord] = [found.owner for found in page.items]
    assert {(owner.instagram_id, owner.username) for owner in owners} == {
        ("58123456789", "lumen.harbor")
    }


def test_the_stories_of_a_highlight_are_read_in_order(family: str) -> None:
    page = parse.highlight_stories(example("highlight_stories", family))

    assert [found.instagram_id for found in page.items] == [
        "3298765432109870001",
        "3298765432109870002",
    ]


def test_highlights_lose_their_prefix_and_keep_their_covers(family: str) -> None:
    page = parse.highlights(example("highlights", family))

    assert [(found.instagram_id, found.title, found.cover_url) for found in page.items] == [
        (number, title, f"{CDN}/t51/cover_{number}_640.jpg?oe=69ffffff")
        for number, title in (("17912345678901234", "Storms"), ("17912345678905678", "Keepers 🗝"))
    ]


def test_highlights_have_a_media_count_if_the_tray_has_one(family: str) -> None:
    counts = {"web": [None, None], "private": [2, 14], "v2": [2, 14], "xdt": [None, None]}

    page = parse.highlights(example("highlights", family))

    assert [found.media_count for found in page.items] == counts[family]
