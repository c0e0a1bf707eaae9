"""Highlights and reels: their calls, rows and order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from core.utils.errors import UnexpectedPayload
from instagram.archiving import persist
from instagram.archiving.records import HighlightRecord, OwnerRecord, Page, StoryRecord
from instagram.models import ChangeEvent, Highlight, HighlightItem, Post, Story, User
from lab.builders import NOW, signed, story
from lab.simulator.client import SimulatorControl
from storage.models import Asset
from tests.support.running import archive, ends

LATER = NOW + timedelta(days=1)
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])


@pytest.fixture
def user() -> User:
    return User.objects.create(username="lena.v", instagram_id="501")


def highlight(number: int, **facts: Any) -> HighlightRecord:
    values: dict[str, Any] = {
        "instagram_id": str(number),
        "title": f"Highlight {number}",
        "cover_url": signed(f"{number}_c.jpg"),
        "media_count": 2,
        "edited_at": NOW,
        "raw": {"id": f"highlight:{number}"},
    }
    return HighlightRecord(**(values | facts))


def read(*numbers: int) -> None:
    """Store two stories in each of these highlights."""
    for number in numbers:
        kept = Highlight.objects.select_related("user").get(pk=str(number))
        persist.highlight_stories(kept, Page((story(f"{number}1"), story(f"{number}2"))), now=NOW)


def to_read(user: User) -> list[str]:
    return [kept.pk for kept in Highlight.objects.to_read(user)]


@pytest.mark.slow
def test_every_highlight_is_stored_with_its_stories_in_order(provider: SimulatorControl) -> None:
    run = archive("plain.case")

    facts = provider.truth()["plain.case"]["highlights"]
    stored = {
        kept.pk: [item.story_id for item in kept.items.all()] for kept in Highlight.objects.all()
    }
    assert run.state == "succeeded"
    assert stored == {
        kept["id"].removeprefix("highlight:"): [each["id"] for each in kept["stories"]]
        for kept in facts
    }


@pytest.mark.slow
def test_an_unchanged_tray_costs_one_call(provider: SimulatorControl) -> None:
    archive("plain.case")
    before = provider.stats()["core_api"]["calls"]

    archive("plain.case", "highlights")

    assert provider.stats()["core_api"]["calls"] == before + 1


@pytest.mark.slow
def test_a_highlight_that_cannot_be_read_stops_no_other(provider: SimulatorControl) -> None:
    provider.add_fault("form", form="upstream_failed", path="highlight_stories", times=1)

    run = archive("plain.case", "profile", "highlights", "posts")
    assert ends(run)["highlights"] == ("failed", "ItemsUnreadable")

    again = archive("plain.case", "highlights")
    assert again.state == "succeeded"
    assert HighlightItem.objects.exists()


def test_a_tray_of_more_than_a_hundred_is_stored_in_few_statements(
    user: User, django_assert_max_num_queries: Any
) -> None:
    records = [highlight(number) for number in range(150)]

    with transaction.atomic(), django_assert_max_num_queries(5):
        outcome = persist.tray(user, records, now=NOW)

    assert (outcome.new, len(to_read(user))) == (150, 150)


def test_an_unchanged_tray_writes_nothing(user: User, django_assert_num_queries: Any) -> None:
    persist.tray(user, [highlight(1), highlight(2)], now=NOW)
    read(1, 2)
    before = [*Highlight.objects.values(), *Asset.objects.values(), *ChangeEvent.objects.values()]

    with django_assert_num_queries(2):
        outcome = persist.tray(user, [highlight(1), highlight(2)], now=LATER)

    after = [*Highlight.objects.values(), *Asset.objects.values(), *ChangeEvent.objects.values()]
    assert (outcome.new, outcome.changed, after) == (0, 0, before)


@pytest.mark.parametrize(
    "change",
    [{"media_count": 3}, {"edited_at": LATER}, {"media_count": None, "edited_at": None}],
)
def test_only_a_highlight_that_may_have_changed_is_read_again(
    user: User, change: dict[str, Any]
) -> None:
    persist.tray(user, [highlight(1), highlight(2)], now=NOW)
    read(1, 2)

    persist.tray(user, [highlight(1), highlight(2, **change)], now=LATER)

    assert to_read(user) == ["2"]


def test_a_highlight_read_long_ago_is_read_again(user: User) -> None:
    persist.tray(user, [highlight(1)], now=NOW)
    read(1)

    persist.tray(user, [highlight(1)], now=NOW + timedelta(days=31))

    assert to_read(user) == ["1"]


def test_a_new_title_is_stored_without_reading_the_stories_again(user: User) -> None:
    persist.tray(user, [highlight(1)], now=NOW)
    read(1)

    outcome = persist.tray(user, [highlight(1, title="Ships")], now=LATER)

    assert (Highlight.objects.get().title, outcome.changed, to_read(user)) == ("Ships", 1, [])


def test_a_story_that_left_the_highlight_stays_in_the_archive(user: User) -> None:
    persist.tray(user, [highlight(1)], now=NOW)
    read(1)

    persist.highlight_stories(
        Highlight.objects.select_related("user").get(), Page((story("12"), story("13"))), now=LATER
    )

    items = HighlightItem.objects.order_by("removed_at", "position")
    assert {item.story_id: item.removed_at for item in items} == {
        "11": LATER,
        "12": None,
        "13": None,
    }
    assert Story.objects.filter(pk="11").exists()


def test_another_profiles_highlight_is_rejected(user: User) -> None:
    other = User.objects.create(username="ada", instagram_id="502")
    persist.tray(other, [highlight(1)], now=NOW)

    outcome = persist.tray(user, [highlight(1, title="Mine now")], now=LATER)

    assert (outcome.rejected, Highlight.objects.get().title) == (1, "Highlight 1")


def test_another_profiles_story_does_not_enter_a_highlight(user: User) -> None:
    persist.tray(user, [highlight(1)], now=NOW)
    foreign = story("77", owner=OwnerRecord("999", "mallory"))

    persist.highlight_stories(
        Highlight.objects.select_related("user").get(), Page((foreign, story("11"))), now=NOW
    )

    assert [item.story_id for item in HighlightItem.objects.all()] == ["11"]


def test_a_story_stored_as_anothers_does_not_enter_a_highlight(user: User) -> None:
    other = User.objects.create(username="ada", instagram_id="502")
    persist.stories(other, [story("77")], now=NOW)
    persist.tray(user, [highlight(1)], now=NOW)

    outcome = persist.highlight_stories(
        Highlight.objects.select_related("user").get(), Page((story("77"), story("11"))), now=NOW
    )

    assert outcome.rejected == 1
    assert [item.story_id for item in HighlightItem.objects.all()] == ["11"]


@pytest.mark.slow
def test_reels_join_the_posts_of_the_grid(provider: SimulatorControl) -> None:
    archive("plain.case")

    reels = Post.objects.filter(in_reels=True)
    assert {*reels.values_list("variant", "in_grid")} == {("video", True)}
    assert Post.objects.count() == len(provider.truth()["plain.case"]["posts"])


def test_the_reels_of_posts_known_from_the_grid_write_no_history(
    provider: SimulatorControl,
) -> None:
    archive("plain.case", "profile", "posts")
    history = Post.history.count(), ChangeEvent.objects.count()

    run = archive("plain.case", "reels")

    assert run.streams.get(name="reels").changed == 0
    assert (Post.history.count(), ChangeEvent.objects.count()) == history


@pytest.mark.slow
def test_a_second_poll_of_the_reels_writes_no_post(provider: SimulatorControl) -> None:
    archive("plain.case")
    before = [*Post.objects.values()]

    archive("plain.case", "reels")

    assert [*Post.objects.values()] == before


def test_the_stories_of_a_highlight_long_past_are_live(provider: SimulatorControl) -> None:
    archive("plain.case", "profile", "highlights")

    stored = Story.objects.filter(expires_at__lt=timezone.now())
    assert {*stored.values_list("availability", flat=True)} == {"live"}


def test_a_highlight_is_read_again_for_a_file_that_needs_another_url(user: User) -> None:
    persist.tray(user, [highlight(1), highlight(2)], now=NOW)
    read(1, 2)
    Asset.objects.filter(owner_id="21").update(state="failed", error_code="UrlExpired")

    persist.tray(user, [highlight(1), highlight(2)], now=LATER)

    assert to_read(user) == ["2"]


@pytest.mark.parametrize(
    "page", [Page((story("12"),), missing=1), Page((story("12"),), (UnexpectedPayload("odd"),))]
)
def test_a_highlight_that_does_not_show_everything_takes_no_story_out(
    user: User, page: Page[StoryRecord]
) -> None:
    persist.tray(user, [highlight(1)], now=NOW)
    read(1)
    events = ChangeEvent.objects.count()

    persist.highlight_stories(Highlight.objects.select_related("user").get(), page, now=LATER)

    assert [item.story_id for item in HighlightItem.objects.filter(removed_at=None)] == ["11", "12"]
    assert ChangeEvent.objects.count() == events


def test_a_highlight_that_lacks_a_file_is_requested_again(user: User) -> None:
    persist.tray(user, [highlight(1)], now=NOW)
    lacking = replace(story("11"), media=replace(story("11").media, is_video=True))

    persist.highlight_stories(
        Highlight.objects.select_related("user").get(), Page((lacking,)), now=NOW
    )

    assert to_read(user) == ["1"]


def test_a_highlight_is_not_read_again_for_a_file_that_is_too_large(user: User) -> None:
    persist.tray(user, [highlight(1)], now=NOW)
    read(1)
    Asset.objects.filter(owner_id="11").update(state="failed", error_code="TooLarge")

    persist.tray(user, [highlight(1)], now=LATER)

    assert to_read(user) == []
