"""Stories over REST."""

from __future__ import annotations

from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from instagram.tests.rest.test_posts import TIMES
from instagram.tests.rest.test_users import DETAIL_KEYS, LIST_KEYS
from tests.support.factories import StoredAssetFactory, StoryFactory, UserFactory, VideoFileFactory

STORY_KEYS = {
    "story_id", "user", "thumbnail", "blur_data_url", "media", "is_flagged", "availability",
    "created_at", "story_created_at", "doubtful",
}  # fmt: skip


def test_a_list_item_has_the_keys_of_the_contract(api: APIClient) -> None:
    story = StoryFactory.create()

    (item,) = api.get("/instagram/stories/").json()["results"]

    assert set(item) == STORY_KEYS
    assert set(item["user"]) == LIST_KEYS
    assert item["story_id"] == story.story_id


def test_a_detail_shows_the_owner_in_full(api: APIClient) -> None:
    story = StoryFactory.create()

    body = api.get(f"/instagram/stories/{story.story_id}/").json()

    assert set(body) == STORY_KEYS | TIMES | {"highlights", "views"}
    assert set(body["user"]) == DETAIL_KEYS


def test_a_video_ends_in_its_true_extension_and_has_an_image(api: APIClient) -> None:
    video = StoredAssetFactory.create(file=VideoFileFactory.create())
    story = StoryFactory.create(image=None, video=video)

    body = api.get(f"/instagram/stories/{story.story_id}/").json()

    assert body["media"].endswith(".mp4")
    assert body["thumbnail"].endswith(".jpg")


def test_the_list_takes_three_queries_however_long_it_is(
    api: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(20):
        StoryFactory.create()

    with django_assert_num_queries(3):  # who may read, stories, owners
        body = api.get("/instagram/stories/").json()

    assert len(body["results"]) == 20


def test_the_latest_arrival_comes_first(api: APIClient) -> None:
    stories = [StoryFactory.create() for _ in range(3)]

    results = api.get("/instagram/stories/?ordering=story_id").json()["results"]

    assert [item["story_id"] for item in results] == [story.story_id for story in reversed(stories)]


def test_stories_of_one_profile(api: APIClient) -> None:
    story, _ = StoryFactory.create(), StoryFactory.create()

    results = api.get("/instagram/stories/", {"user": str(story.user.uuid)}).json()["results"]

    assert [item["story_id"] for item in results] == [story.story_id]


def test_an_unknown_profile_is_refused(api: APIClient) -> None:
    response = api.get("/instagram/stories/", {"user": str(uuid4())})

    assert (response.status_code, list(response.json())) == (400, ["user"])


def test_search_looks_at_the_owner(api: APIClient) -> None:
    story = StoryFactory.create()
    StoryFactory.create(user=UserFactory.create(full_name="Bob"))

    results = api.get("/instagram/stories/", {"search": "engines ada"}).json()["results"]

    assert [item["story_id"] for item in results] == [story.story_id]


def test_a_search_that_no_owner_matches_is_empty(api: APIClient) -> None:
    StoryFactory.create()

    assert api.get("/instagram/stories/", {"search": "absent"}).json()["results"] == []


@pytest.mark.parametrize("name", ["1", "a b", "%00"])
def test_an_unknown_story_is_a_json_404(api: APIClient, name: str) -> None:
    response = api.get(f"/instagram/stories/{name}/")

    assert (response.status_code, list(response.json())) == (404, ["detail"])


def test_nothing_is_similar_yet(api: APIClient) -> None:
    response = api.get("/instagram/stories/unknown/similar/")

    assert response.json() == {"count": 0, "next": None, "previous": None, "results": []}


def test_the_statistic_counts_everything(api: APIClient) -> None:
    StoryFactory.create()

    assert api.get("/instagram/statistic/").json() == {
        "total_users": 1,
        "total_posts": 0,
        "total_stories": 1,
        "total_highlights": 0,
    }
