"""A page of posts is stored, and an unchanged page writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from instagram.archiving import persist
from instagram.archiving.records import LocationRecord, OwnerRecord
from instagram.models import Post, PostMedia, User
from lab.builders import NOW, medium, post
from storage.models import Asset, StoredFile

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=6)


@pytest.fixture
def user() -> User:
    return User.objects.create(username="lena.v", instagram_id="501")


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements inside, without transaction control."""
    seen: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield seen
    control = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")
    seen += [query["sql"] for query in captured if not query["sql"].startswith(control)]


def rows() -> list[tuple[object, ...]]:
    """The rows that an unchanged page must not write, with PostgreSQL's row versions."""
    tables = (
        "instagram_user", "instagram_post", "instagram_postmedia", "instagram_post_coauthors",
        "storage_asset", "storage_storedfile", "instagram_historicalpost",
    )  # fmt: skip
    with connection.cursor() as cursor:
        versions = []
        for table in tables:
            cursor.execute(f"SELECT '{table}', ctid::text, xmin::text FROM {table}")  # noqa: S608  constants only
            versions += cursor.fetchall()
    return sorted(versions)


def store(asset: Asset) -> None:
    """Give the asset a file, as a finished download does."""
    file = StoredFile.objects.create(
        sha256=f"{asset.pk:064d}", size=10, media_type="image/jpeg", extension="jpg"
    )
    asset.state, asset.file = Asset.State.STORED, file
    asset.save()


def test_a_new_post_is_stored_with_its_media_in_carousel_order(user: User) -> None:
    persist.posts(user, [post(1, media=[medium(13), medium(11, video=True), medium(12)])], now=NOW)

    media = PostMedia.objects.filter(post="1")
    assert [each.instagram_id for each in media] == ["13", "11", "12"]


def test_a_video_of_a_carousel_wants_its_cover_and_its_video(user: User) -> None:
    persist.posts(user, [post(1, media=[medium(11, video=True), medium(12)])], now=NOW)

    wanted = Asset.objects.values_list("role", "source_name")
    assert set(wanted) == {
        ("cover", "11_n.jpg"),
        ("video", "11_n.mp4"),
        ("image", "12_n.jpg"),
    }


def test_ids_above_53_bits_are_kept_exactly(user: User) -> None:
    persist.posts(user, [post("9007199254740993123")], now=NOW)

    assert Post.objects.get().pk == "9007199254740993123"


def test_a_new_post_leaves_one_history_row(user: User) -> None:
    persist.posts(user, [post(1)], now=NOW)

    assert [row.history_type for row in Post.history.all()] == ["+"]


def test_an_unchanged_page_writes_no_row(user: User) -> None:
    page = [post(number, coauthors=(OwnerRecord("77", "co"),)) for number in range(1, 6)]
    persist.posts(user, page, now=NOW)
    for asset in Asset.objects.all():
        store(asset)
    before = rows()

    again = [
        replace(each, like_count=999, media=(medium(each.instagram_id, signature="z"),))
        for each in page
    ]
    outcome = persist.posts(user, again, now=LATER)

    assert rows() == before
    assert outcome == persist.Outcome(seen=5)


@pytest.mark.slow
@pytest.mark.parametrize("length", [1, 50, 500])
def test_a_new_page_takes_at_most_twelve_statements(user: User, length: int) -> None:
    page = [
        post(number, media=[medium(number * 10 + child, video=child == 1) for child in range(3)],
             coauthors=(OwnerRecord(str(number + 10_000), f"co{number}"),))
        for number in range(1, length + 1)
    ]  # fmt: skip

    with statements() as seen:
        persist.posts(user, page, now=NOW)

    assert len(seen) <= 12


@pytest.mark.slow
@pytest.mark.parametrize("length", [1, 50, 500])
def test_a_changed_page_takes_at_most_twelve_statements(user: User, length: int) -> None:
    page = [post(number, media=[medium(number)]) for number in range(1, length + 1)]
    persist.posts(user, page, now=NOW)
    edited = [
        replace(
            each,
            caption="edited",
            media=(medium(each.instagram_id), medium(f"9{each.instagram_id}")),
        )
        for each in page
    ]

    with statements() as seen:
        persist.posts(user, edited, now=LATER)

    assert len(seen) <= 12


@pytest.mark.slow
@pytest.mark.parametrize("length", [1, 50, 500])
def test_an_unchanged_page_takes_at_most_four_statements(user: User, length: int) -> None:
    page = [post(number) for number in range(1, length + 1)]
    persist.posts(user, page, now=NOW)

    with statements() as seen:
        persist.posts(user, page, now=LATER)

    assert len(seen) <= 4


def test_fresh_urls_of_files_not_stored_yet_take_at_most_four_statements(user: User) -> None:
    persist.posts(user, [post(number) for number in range(50)], now=NOW)
    renewed = [post(number, media=[medium(number, signature="b")]) for number in range(50)]

    with statements() as seen:
        persist.posts(user, renewed, now=LATER)

    assert len(seen) <= 4
    assert not Asset.objects.exclude(url__contains="oh=b").exists()


def test_a_fresh_url_puts_an_expired_file_back_into_the_queue(user: User) -> None:
    persist.posts(user, [post(1)], now=NOW)
    Asset.objects.update(state=Asset.State.EXPIRED, attempts=3, error_code="UrlExpired")

    outcome = persist.posts(user, [post(1, media=[medium(1, signature="b")])], now=LATER)

    asset = Asset.objects.get()
    assert (asset.state, asset.attempts, asset.error_code) == (Asset.State.WANTED, 0, "")
    assert (outcome.wanted, outcome.changed) == (1, 0)


def test_a_fresh_url_does_not_cure_a_file_that_is_too_large(user: User) -> None:
    persist.posts(user, [post(1)], now=NOW)
    Asset.objects.update(state=Asset.State.FAILED, attempts=3, error_code="TooLarge")

    outcome = persist.posts(user, [post(1, media=[medium(1, signature="b")])], now=LATER)

    assert (outcome.wanted, Asset.objects.get().state) == (0, Asset.State.FAILED)


def test_a_fresh_url_without_an_expiry_is_accepted(user: User) -> None:
    persist.posts(user, [post(1)], now=NOW)
    Asset.objects.update(state=Asset.State.EXPIRED)
    endless = replace(medium(1), image_url="https://cdn.example/v/1_n.jpg")

    persist.posts(user, [post(1, media=[endless])], now=LATER)

    asset = Asset.objects.get()
    assert (asset.state, asset.url, asset.url_expires_at) == ("wanted", endless.image_url, None)


@pytest.mark.parametrize("code", ["NotMedia", "NotServed", "ForbiddenAddress", "Transient"])
def test_the_next_poll_tries_a_file_again_that_was_refused(user: User, code: str) -> None:
    persist.posts(user, [post(1)], now=NOW)
    Asset.objects.update(state=Asset.State.FAILED, attempts=3, error_code=code)

    outcome = persist.posts(user, [post(1)], now=LATER)

    assert (outcome.wanted, Asset.objects.get().state) == (1, Asset.State.WANTED)


def test_an_edited_caption_is_a_change_with_history(user: User) -> None:
    persist.posts(user, [post(1)], now=NOW)

    outcome = persist.posts(user, [post(1, caption="Edited")], now=LATER)

    assert outcome.changed == 1
    newest, first = Post.history.all()
    assert (first.caption, newest.caption, newest.history_type) == ("Caption 1", "Edited", "~")


def test_a_caption_taken_away_is_a_change(user: User) -> None:
    persist.posts(user, [post(1)], now=NOW)

    persist.posts(user, [post(1, caption="")], now=LATER)

    assert Post.objects.get().caption == ""


def test_a_missing_field_changes_nothing(user: User) -> None:
    persist.posts(user, [post(1)], now=NOW)

    outcome = persist.posts(
        user, [post(1, caption=None, shortcode=None, like_count=None)], now=LATER
    )

    assert outcome.changed == 0
    assert Post.objects.get().caption == "Caption 1"


def test_a_child_that_left_the_carousel_is_kept_as_removed(user: User) -> None:
    persist.posts(user, [post(1, media=[medium(11), medium(12), medium(13)])], now=NOW)

    persist.posts(user, [post(1, media=[medium(13), medium(11)])], now=LATER)

    kept = PostMedia.objects.values_list("instagram_id", "position", "removed_at")
    assert set(kept) == {("13", 0, None), ("11", 1, None), ("12", 1, LATER)}


def test_a_post_shared_by_two_accounts_is_one_post_of_both(user: User) -> None:
    other = User.objects.create(username="otto", instagram_id="502")
    lena, otto = OwnerRecord("501", "lena.v"), OwnerRecord("502", "otto")
    persist.posts(user, [post(1, owner=lena, coauthors=(otto,))], now=NOW)

    outcome = persist.posts(other, [post(1, owner=lena, coauthors=(otto,))], now=LATER)

    assert (outcome.new, outcome.changed) == (0, 0)
    assert [*Post.objects.of(user)] == [*Post.objects.of(other)] == [Post.objects.get()]


def test_a_shared_post_first_seen_at_the_coauthor_keeps_its_owner(user: User) -> None:
    record = post(1, owner=OwnerRecord("600", "stranger", full_name="S."))

    persist.posts(user, [record], now=NOW)

    stored = Post.objects.get()
    assert (stored.user.instagram_id, stored.user.full_name) == ("600", "S.")
    assert [*stored.coauthors.all()] == [user]


def test_a_post_that_claims_a_new_owner_is_rejected(user: User) -> None:
    persist.posts(user, [post(1, owner=OwnerRecord("501", "lena.v"))], now=NOW)
    thief = User.objects.create(username="thief", instagram_id="666")

    outcome = persist.posts(thief, [post(1, owner=OwnerRecord("666", "thief"))], now=LATER)

    assert outcome.rejected == 1
    assert Post.objects.get().user == user


def test_the_file_of_another_account_cannot_be_claimed_by_its_name(user: User) -> None:
    persist.posts(user, [post(1)], now=NOW)
    store(Asset.objects.get())

    persist.posts(user, [post(2, media=[replace(medium(1), instagram_id="2")])], now=LATER)

    assert Asset.objects.filter(state=Asset.State.WANTED).count() == 1


def test_posts_are_found_by_their_present_caption(user: User) -> None:
    persist.posts(user, [post(1, caption="Größe")], now=NOW)

    persist.posts(user, [post(1, caption="Ébène")], now=LATER)

    assert Post.objects.get().search_text == " ebene"


@pytest.mark.django_db(transaction=True)
def test_two_pages_that_bring_the_same_new_post_make_it_once() -> None:
    lena = User.objects.create(username="lena.v", instagram_id="501")
    otto = User.objects.create(username="otto", instagram_id="502")
    shared = [post(number, owner=OwnerRecord("501", "lena.v")) for number in range(20)]

    def store_page(user: User) -> int:
        try:
            with transaction.atomic():
                return persist.posts(user, shared, now=NOW).new
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        new = sum(threads.map(store_page, [lena, otto]))

    assert new == 20
    assert Post.history.filter(history_type="+").count() == 20


HARBOUR = LocationRecord("77", "Harbour", 53.54, 9.98)


def test_a_location_keeps_values_that_another_answer_leaves_out(user: User) -> None:
    persist.posts(user, [post(1, location=HARBOUR)], now=NOW)

    outcome = persist.posts(
        user, [post(1, location=LocationRecord("77", "Harbour", None, None))], now=LATER
    )

    assert (outcome.changed, Post.history.count()) == (0, 1)
    assert Post.objects.get().location == asdict(HARBOUR)


def test_another_place_takes_nothing_over_from_the_one_before(user: User) -> None:
    persist.posts(user, [post(1, location=HARBOUR)], now=NOW)

    persist.posts(user, [post(1, location=LocationRecord("78", "Airport", None, None))], now=LATER)

    assert Post.objects.get().location == {
        "instagram_id": "78",
        "name": "Airport",
        "latitude": None,
        "longitude": None,
    }
