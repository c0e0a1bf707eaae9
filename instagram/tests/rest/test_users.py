"""Profiles over REST."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from core.users.models import Account
from instagram.models import ArchiveRun, RunStream, User
from tests.support.factories import (
    NOON,
    MetricFactory,
    PollFactory,
    StoredAssetFactory,
    StoredFileFactory,
    StoryFactory,
    UserFactory,
)

LIST_KEYS = {
    "uuid", "has_stories", "has_history", "instagram_id", "username", "full_name",
    "profile_picture", "biography", "is_private", "is_verified", "media_count", "follower_count",
    "following_count", "allow_auto_update_stories", "allow_auto_update_profile", "availability",
    "created_at", "updated_at", "api_updated_at", "unknown", "truncated",
}  # fmt: skip
DETAIL_KEYS = LIST_KEYS | {
    "original_profile_picture_url", "auto_update_stories_limit_count",
    "auto_update_profile_limit_count", "updated_at_from_api", "last_seen_at", "first_missed_at",
    "confirmed_at",
}  # fmt: skip


def test_a_list_item_has_the_keys_of_the_contract(api: APIClient) -> None:
    user = UserFactory.create()

    body = api.get("/instagram/users/").json()

    assert body["next"] is None
    assert [item["uuid"] for item in body["results"]] == [str(user.uuid)]
    assert set(body["results"][0]) == LIST_KEYS


def test_a_detail_has_the_keys_of_the_contract(api: APIClient) -> None:
    user = UserFactory.create()

    body = api.get(f"/instagram/users/{user.uuid}/").json()

    assert set(body) == DETAIL_KEYS
    assert (body["instagram_id"], body["username"]) == (user.instagram_id, user.username)


def test_unknown_values_are_blank_and_named(api: APIClient) -> None:
    user = User.objects.create(username="only_a_name")

    body = api.get(f"/instagram/users/{user.uuid}/").json()

    assert (body["full_name"], body["is_private"], body["follower_count"]) == ("", False, 0)
    assert set(body["unknown"]) == {
        "full_name", "biography", "is_private", "is_verified",
        "media_count", "follower_count", "following_count",
    }  # fmt: skip


def test_a_known_empty_value_is_not_unknown(api: APIClient) -> None:
    user = UserFactory.create(biography="", follower_count=0, is_private=False)

    assert api.get(f"/instagram/users/{user.uuid}/").json()["unknown"] == []


def test_the_counts_are_those_of_the_newest_day(api: APIClient) -> None:
    user = UserFactory.create(follower_count=1, media_count=12)
    MetricFactory.create(user=user, day=NOON.date(), follower_count=100)
    MetricFactory.create(user=user, day=NOON.date() + timedelta(days=1), follower_count=200)

    body = api.get(f"/instagram/users/{user.uuid}/").json()

    assert body["follower_count"] == 200
    assert body["media_count"] == 12  # the newest metric knows none


def test_the_picture_is_an_absolute_address_of_the_stored_file(api: APIClient) -> None:
    file = StoredFileFactory.create()
    user = UserFactory.create(picture=StoredAssetFactory.create(file=file))

    body = api.get(f"/instagram/users/{user.uuid}/").json()

    assert body["profile_picture"] == f"http://testserver/media/{file.name}"


def test_a_profile_without_a_stored_picture_has_none(api: APIClient) -> None:
    user = UserFactory.create()

    assert api.get(f"/instagram/users/{user.uuid}/").json()["profile_picture"] is None


def test_stories_are_announced(api: APIClient) -> None:
    story = StoryFactory.create()

    assert api.get(f"/instagram/users/{story.user.uuid}/").json()["has_stories"] is True


def test_the_last_poll_is_that_of_the_profile_stream(api: APIClient) -> None:
    user = PollFactory.create().user
    PollFactory.create(user=user, stream="stories", polled_at=NOON + timedelta(days=1))

    body = api.get(f"/instagram/users/{user.uuid}/").json()

    assert body["updated_at_from_api"] == "2025-03-01T12:00:00Z"


def test_the_list_takes_two_queries_however_long_it_is(
    api: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(20):
        StoryFactory.create(user=UserFactory.create(picture=StoredAssetFactory.create()))

    with django_assert_num_queries(2):  # who may read, the page
        body = api.get("/instagram/users/").json()

    assert len(body["results"]) == 20


@pytest.mark.parametrize("query", ["ada", "LOVELACE ada", "engine", "prof", "lovelàce", "e"])
def test_search_finds_every_word_in_any_field(api: APIClient, query: str) -> None:
    user = UserFactory.create()
    UserFactory.create(username="zoo", full_name="Bob", biography="Cats")

    body = api.get("/instagram/users/", {"search": query}).json()

    assert [item["uuid"] for item in body["results"]] == [str(user.uuid)]


@pytest.mark.parametrize("query", ["ada cats", "dvelace", "ngine xyz", "%", "_____", "v"])
def test_search_needs_every_word(api: APIClient, query: str) -> None:
    UserFactory.create()

    assert api.get("/instagram/users/", {"search": query}).json()["results"] == []


@pytest.mark.parametrize("field", ["username", "full_name", "created_at", "updated_at"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_the_order_can_be_chosen(api: APIClient, field: str, sign: str) -> None:
    for name in ("b", "c", "a"):
        UserFactory.create(username=name, full_name=name)
    order = f"{sign}{field}"

    results = api.get("/instagram/users/", {"ordering": order}).json()["results"]

    expected = list(User.objects.order_by(order).values_list("username", flat=True))
    assert [item["username"] for item in results] == expected


def test_an_unknown_order_falls_back_to_the_newest_first(api: APIClient) -> None:
    names = [UserFactory.create().username for _ in range(3)]

    results = api.get("/instagram/users/", {"ordering": "-password"}).json()["results"]

    assert [item["username"] for item in results] == names[::-1]


def test_names_that_are_unknown_come_last_in_either_direction(api: APIClient) -> None:
    for name in (None, "b", None, "a"):
        UserFactory.create(full_name=name)

    ascending = api.get("/instagram/users/?ordering=full_name").json()["results"]
    descending = api.get("/instagram/users/?ordering=-full_name").json()["results"]

    assert [item["full_name"] for item in ascending] == ["a", "b", "", ""]
    assert [item["full_name"] for item in descending] == ["b", "a", "", ""]


def test_history_has_the_newest_version_first(api: APIClient) -> None:
    user = UserFactory.create(full_name="Before")
    user.full_name = "After"
    user.save()

    results = api.get(f"/instagram/users/{user.uuid}/history/").json()["results"]

    assert [row["full_name"] for row in results] == ["After", "Before"]
    assert [row["history_type"] for row in results] == ["~", "+"]
    assert set(results[0]) == (LIST_KEYS - {"has_stories", "has_history"}) | {
        "history_id", "history_date", "history_change_reason", "history_type",
    }  # fmt: skip


def test_the_history_of_a_deleted_profile_remains(api: APIClient) -> None:
    user = UserFactory.create()
    uuid = user.uuid
    user.delete()

    results = api.get(f"/instagram/users/{uuid}/history/").json()["results"]

    assert [row["history_type"] for row in results] == ["-", "+"]


def test_the_history_of_an_unknown_profile_is_empty(api: APIClient) -> None:
    response = api.get(f"/instagram/users/{uuid4()}/history/")

    assert (response.status_code, response.json()["results"]) == (200, [])


def test_adding_a_profile_answers_with_it_and_its_run(signed_in: APIClient) -> None:
    response = signed_in.post("/instagram/users/", {"username": " @Ada.Lovelace "})

    body = response.json()
    assert response.status_code == 201
    assert set(body) == DETAIL_KEYS | {"run"}
    assert (body["username"], body["run"]["state"]) == ("ada.lovelace", "queued")


def test_adding_a_known_profile_answers_200_with_the_active_run(signed_in: APIClient) -> None:
    first = signed_in.post("/instagram/users/", {"username": "ada"}).json()

    again = signed_in.post("/instagram/users/", {"username": "ADA"})

    assert again.status_code == 200
    assert (again.json()["uuid"], again.json()["run"]["id"]) == (first["uuid"], first["run"]["id"])


@pytest.mark.parametrize(
    "name",
    [
        "two words", "", "a\0b", None, True, 7, 1.5, [], {}, "x" * 500, "a..b", "explore",
        "https://www.instagram.com/stories/highlights/17900000000000004/",
        "https://www.instagram.com/share/BAxxxxxxxx",
        "https://www.instagram.com/share/reel/BAxxxxxxxx/",
    ],
)  # fmt: skip
def test_an_invalid_username_is_refused(signed_in: APIClient, name: object) -> None:
    response = signed_in.post("/instagram/users/", {"username": name})

    assert response.status_code == 400
    assert list(response.json()) == ["username"]
    assert not User.objects.exists()


def test_a_stranger_may_not_add_a_profile(api: APIClient) -> None:
    response = api.post("/instagram/users/", {"username": "ada"})

    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert not User.objects.exists()


def test_archiving_a_profile_is_accepted(signed_in: APIClient, account: Account) -> None:
    user = UserFactory.create()

    response = signed_in.post(f"/instagram/users/{user.uuid}/archive/", {"streams": ["stories"]})

    run = ArchiveRun.objects.get()
    assert (response.status_code, response.json()["id"]) == (202, str(run.pk))
    assert run.requested_by == account
    assert [stream["name"] for stream in response.json()["streams"]] == ["stories"]


def test_archiving_needs_a_known_profile(signed_in: APIClient) -> None:
    assert signed_in.post(f"/instagram/users/{uuid4()}/archive/").status_code == 404


def test_archiving_refuses_unknown_streams(signed_in: APIClient) -> None:
    user = UserFactory.create()

    response = signed_in.post(f"/instagram/users/{user.uuid}/archive/", {"streams": ["dreams"]})

    assert (response.status_code, list(response.json())) == (400, ["streams"])
    assert not RunStream.objects.exists()


def test_times_carry_an_offset(api: APIClient) -> None:
    user = UserFactory.create(created_at=timezone.make_aware(NOON.replace(tzinfo=None)))

    assert api.get(f"/instagram/users/{user.uuid}/").json()["created_at"] == "2025-03-01T12:00:00Z"
