"""Posts whose files, children or owners differ between polls without a change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from instagram.archiving import persist
from instagram.archiving.records import OwnerRecord
from instagram.models import ChangeEvent, Post, PostMedia, User
from instagram.tests.archiving.test_persist_posts import LATER
from lab.builders import NOW, medium, post, signed
from storage.models import Asset

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return User.objects.create(username="lena.v", instagram_id="501")


EXTENSIONS = ["jpg", "webp", "webp.jpg", "heic", "JPEG", "avif.png"]


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_picture_under_another_extension_is_the_same_file(user: User, extension: str) -> None:
    persist.posts(user, [post(1)], now=NOW)
    other = replace(medium(1), image_url=signed(f"1_n.{extension}"))

    outcome = persist.posts(user, [post(1, media=[other])], now=LATER)

    assert (outcome.changed, Asset.objects.count(), ChangeEvent.objects.count()) == (0, 1, 1)


def test_a_change_names_each_picture_as_it_was_first_seen(user: User) -> None:
    persist.posts(user, [post(1, media=[medium(11)])], now=NOW)
    renamed = replace(medium(11), image_url=signed("11_n.webp"))

    persist.posts(user, [post(1, media=[renamed, medium(12)])], now=LATER)

    after = ChangeEvent.objects.latest("pk").fields["media"]["new"]
    assert [each["image"] for each in after] == ["11_n.jpg", "12_n.jpg"]


def test_a_video_that_becomes_known_later_joins_its_picture(user: User) -> None:
    persist.posts(user, [post(1)], now=NOW)

    persist.posts(user, [post(1, media=[medium(1, video=True)])], now=LATER)

    row = PostMedia.objects.get()
    assert row.image is not None
    assert row.video is not None
    assert (row.image.role, row.video.source_name) == ("image", "1_n.mp4")
    assert Asset.objects.count() == 2


def test_a_carousel_cut_short_takes_no_child_out(user: User) -> None:
    whole = [medium(11), medium(12), medium(13)]
    persist.posts(user, [post(1, media=whole, counted_media=3)], now=NOW)

    short = post(1, variant="carousel", media=[whole[2]], counted_media=3)
    outcome = persist.posts(user, [short], now=LATER)

    assert outcome.changed == 0
    assert [row.instagram_id for row in PostMedia.objects.filter(removed_at=None)] == [
        "11", "12", "13",
    ]  # fmt: skip


def test_new_children_of_a_carousel_cut_short_come_last(user: User) -> None:
    persist.posts(user, [post(1, media=[medium(11), medium(12)])], now=NOW)

    persist.posts(user, [post(1, media=[medium(13)], counted_media=3)], now=LATER)

    current = PostMedia.objects.filter(removed_at=None)
    assert [row.instagram_id for row in current] == ["11", "12", "13"]


@pytest.mark.parametrize("names_the_other", [True, False])
def test_coauthors_that_each_claim_a_post_share_it(user: User, names_the_other: bool) -> None:  # noqa: FBT001  a case
    other = User.objects.create(username="ada", instagram_id="502")
    lena, ada = OwnerRecord("501", "lena.v"), OwnerRecord("502", "ada")
    persist.posts(user, [post(1, owner=lena, coauthors=(ada,))], now=NOW)
    named = (lena,) if names_the_other else ()

    outcome = persist.posts(other, [post(1, owner=ada, coauthors=named)], now=LATER)

    stored = Post.objects.get()
    assert (stored.user, [*stored.coauthors.all()]) == (user, [other])
    assert (outcome.rejected, outcome.changed) == (0, 0)
