"""Highlights over REST."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from instagram.models import Highlight
from instagram.tests.rest.test_posts import TIMES
from instagram.tests.rest.test_stories import STORY_KEYS
from instagram.tests.rest.test_users import DETAIL_KEYS, LIST_KEYS
from tests.support.factories import (
    HighlightFactory,
    HighlightItemFactory,
    StoredAssetFactory,
    StoredFileFactory,
    UserFactory,
)

LIST = "/instagram/highlights/"
KEYS = {
    "id", "user", "title", "cover", "blur_data_url", "position", "media_count", "availability",
    "edited_at", "created_at", "updated_at", "unknown", "truncated", "doubtful",
}  # fmt: skip


def ids(body: dict[str, Any]) -> list[str]:
    return [item["id"] for item in body["results"]]


def test_a_list_item_has_the_keys_of_the_contract(api: APIClient) -> None:
    file = StoredFileFactory.create()
    HighlightFactory.create(cover=StoredAssetFactory.create(file=file))

    (item,) = api.get(LIST).json()["results"]

    assert set(item) == KEYS
    assert set(item["user"]) == LIST_KEYS
    assert item["cover"] == f"http://testserver/media/{file.name}"


def test_a_detail_shows_the_owner_in_full_and_the_stories(api: APIClient) -> None:
    item = HighlightItemFactory.create()

    body = api.get(f"{LIST}{item.highlight_id}/").json()

    assert set(body) == KEYS | TIMES | {"stories"}
    assert set(body["user"]) == DETAIL_KEYS
    assert set(body["stories"][0]) == STORY_KEYS


def test_the_stories_are_in_the_order_of_the_highlight(api: APIClient) -> None:
    highlight = HighlightFactory.create()
    last, first = (
        HighlightItemFactory.create(highlight=highlight, position=position) for position in (1, 0)
    )

    body = api.get(f"{LIST}{highlight.pk}/").json()

    assert [story["story_id"] for story in body["stories"]] == [first.story_id, last.story_id]


def test_a_story_that_left_the_highlight_is_not_shown(api: APIClient) -> None:
    item = HighlightItemFactory.create(removed_at=timezone.now())

    assert api.get(f"{LIST}{item.highlight_id}/").json()["stories"] == []


def test_a_story_names_the_highlights_that_hold_it(api: APIClient) -> None:
    item = HighlightItemFactory.create(highlight__title=None)
    HighlightItemFactory.create(story=item.story, removed_at=timezone.now())

    body = api.get(f"/instagram/stories/{item.story_id}/").json()

    assert body["highlights"] == [{"id": item.highlight_id, "title": None}]


def test_unknown_values_are_blank_and_named(api: APIClient) -> None:
    highlight = HighlightFactory.create(title=None, cover=None)

    body = api.get(f"{LIST}{highlight.pk}/").json()

    assert (body["title"], body["media_count"], body["cover"]) == ("", 0, None)
    assert body["unknown"] == ["title", "media_count"]


def test_the_latest_arrival_comes_first(api: APIClient) -> None:
    made = [HighlightFactory.create().pk for _ in range(3)]

    assert ids(api.get(LIST).json()) == made[::-1]


def test_highlights_of_one_profile_in_the_order_of_its_tray(api: APIClient) -> None:
    user = UserFactory.create()
    made = [HighlightFactory.create(user=user, position=position).pk for position in (2, 0, 1)]
    HighlightFactory.create()

    body = api.get(LIST, {"user": str(user.pk), "ordering": "position"}).json()

    assert ids(body) == [made[1], made[2], made[0]]


@pytest.mark.parametrize("query", ["ebene", "NOIR", "ene noir", "n"])
def test_search_finds_words_of_the_title(api: APIClient, query: str) -> None:
    wanted = HighlightFactory.create(title="Ébène noir")
    HighlightFactory.create()

    assert ids(api.get(LIST, {"search": query}).json()) == [wanted.pk]


@pytest.mark.parametrize("name", ["1", "a b", "highlight:1", "%00"])
def test_an_unknown_highlight_is_a_json_404(api: APIClient, name: str) -> None:
    response = api.get(f"{LIST}{name}/")

    assert (response.status_code, list(response.json())) == (404, ["detail"])


@pytest.mark.parametrize("wrong", [{"user": str(uuid4())}, {"availability": "gone"}])
def test_an_unknown_filter_value_is_refused(api: APIClient, wrong: dict[str, str]) -> None:
    response = api.get(LIST, wrong)

    assert (response.status_code, [*response.json()]) == (400, [*wrong])


def test_the_list_takes_three_queries_however_long_it_is(
    api: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    HighlightFactory.create_batch(20)

    with django_assert_num_queries(3):  # who may read, highlights, owners
        body = api.get(LIST).json()

    assert len(body["results"]) == 20


@pytest.mark.parametrize("count", [1, 12])
def test_a_detail_takes_five_queries_however_many_stories_it_has(
    api: APIClient, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    highlight = HighlightFactory.create()
    HighlightItemFactory.create_batch(count, highlight=highlight)

    with django_assert_num_queries(5):  # who may read, highlight, owner, stories, owners
        body = api.get(f"{LIST}{highlight.pk}/").json()

    assert len(body["stories"]) == count


def test_the_statistic_counts_highlights(api: APIClient) -> None:
    HighlightFactory.create_batch(2)

    assert api.get("/instagram/statistic/").json()["total_highlights"] == Highlight.objects.count()


@pytest.mark.parametrize("ordering", ["position", "-position"])
def test_places_in_a_tray_order_no_list_of_all_profiles(api: APIClient, ordering: str) -> None:
    response = api.get(LIST, {"ordering": ordering})

    assert (response.status_code, list(response.json())) == (400, ["ordering"])
