"""Past values over REST: profiles as of a time, metrics, versions of posts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from instagram.models import User
from instagram.tests.rest.test_users import DETAIL_KEYS
from tests.support.factories import (
    NOON,
    ChangeFactory,
    MetricFactory,
    RunFactory,
    StoredAssetFactory,
    StoredFileFactory,
    StoryFactory,
    StreamFactory,
    UserFactory,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
VERSION_KEYS = {"id", "event", "fields", "seen_at"}


def change(user: User, when: datetime, **facts: Any) -> None:
    """A version of the profile from `when` on."""
    for name, value in facts.items():
        setattr(user, name, value)
    user._history_date = when  # type: ignore[attr-defined]  # documented by simple_history
    user.save()


@pytest.fixture
def user(db: None) -> User:
    """A profile that was stored at noon and renamed two hours later."""
    user = UserFactory.build(username="before", full_name="Before", follower_count=None)
    change(user, NOON)
    change(user, NOON + 2 * HOUR, username="after", full_name="After")
    return user


def as_of(api: APIClient, user: User, when: datetime) -> dict[str, Any]:
    body: dict[str, Any] = api.get(
        f"/instagram/users/{user.pk}/", {"as_of": when.isoformat()}
    ).json()
    return body


@pytest.mark.parametrize(
    ("after", "username", "full_name"),
    [
        (0 * HOUR, "before", "Before"),
        (HOUR, "before", "Before"),
        (2 * HOUR, "after", "After"),
        (3 * HOUR, "after", "After"),
    ],
)
def test_a_profile_is_shown_as_it_was_known_then(
    api: APIClient, user: User, after: timedelta, username: str, full_name: str
) -> None:
    body = as_of(api, user, NOON + after)

    assert set(body) == DETAIL_KEYS
    assert (body["uuid"], body["username"], body["full_name"]) == (
        str(user.pk), username, full_name,
    )  # fmt: skip


def test_a_profile_is_not_found_before_it_was_known(api: APIClient, user: User) -> None:
    response = api.get(
        f"/instagram/users/{user.pk}/", {"as_of": (NOON - timedelta(seconds=1)).isoformat()}
    )

    assert (response.status_code, list(response.json())) == (404, ["detail"])


def test_an_unknown_profile_is_not_found_then_either(api: APIClient) -> None:
    response = api.get(f"/instagram/users/{uuid4()}/", {"as_of": NOON.isoformat()})

    assert (response.status_code, list(response.json())) == (404, ["detail"])


def test_a_deleted_profile_is_found_as_of_the_time_before(api: APIClient, user: User) -> None:
    pk = user.pk
    user._history_date = NOON + 4 * HOUR  # type: ignore[attr-defined]  # documented
    user.delete()
    address = f"/instagram/users/{pk}/"

    before = api.get(address, {"as_of": (NOON + 3 * HOUR).isoformat()})
    after = api.get(address, {"as_of": (NOON + 5 * HOUR).isoformat()})

    assert (before.status_code, after.status_code) == (200, 404)


@pytest.mark.parametrize("text", ["2025-03-01T13:00:00", "2025-03-01T14:00:00+01:00"])
def test_a_time_without_an_offset_is_utc(api: APIClient, user: User, text: str) -> None:
    body = api.get(f"/instagram/users/{user.pk}/", {"as_of": text}).json()

    assert body["username"] == "before"


def test_the_future_is_as_now(api: APIClient, user: User) -> None:
    now = api.get(f"/instagram/users/{user.pk}/").json()

    assert as_of(api, user, datetime(9999, 1, 1, tzinfo=UTC)) == now


@pytest.mark.parametrize(
    "text", ["yesterday", "2025-13-01", "0001-01-01T00:00:00+23:00", "%00", "1", "2025-03-01T25:00"]
)
def test_a_bad_time_is_refused(api: APIClient, user: User, text: str) -> None:
    response = api.get(f"/instagram/users/{user.pk}/", {"as_of": text})

    assert (response.status_code, list(response.json())) == (400, ["as_of"])


def test_the_counts_are_those_of_that_day(api: APIClient, user: User) -> None:
    for days, followers in [(0, 100), (2, 200)]:
        MetricFactory.create(
            user=user, day=(NOON + days * DAY).date(), follower_count=followers, media_count=None
        )

    counts = [as_of(api, user, NOON + days * DAY)["follower_count"] for days in range(4)]

    assert counts == [100, 100, 200, 200]
    assert as_of(api, user, NOON)["media_count"] == 12  # no metric knows it, the version does


def test_values_unknown_at_that_time_are_named(api: APIClient, user: User) -> None:
    assert as_of(api, user, NOON)["unknown"] == ["follower_count"]


def test_polls_and_stories_are_those_of_that_time(api: APIClient, user: User) -> None:
    change(user, NOON + 3 * HOUR, availability="live")
    StoryFactory.create(user=user, created_at=NOON + 4 * HOUR)
    for hours in (3, 6):
        then = NOON + hours * HOUR
        run = RunFactory.create(user=user, state="succeeded", created_at=then)
        StreamFactory.create(run=run, state="succeeded", finished_at=then)

    first, second = as_of(api, user, NOON + 3 * HOUR), as_of(api, user, NOON + 5 * HOUR)

    assert (first["has_stories"], second["has_stories"]) == (False, True)
    assert second["updated_at_from_api"] == second["last_seen_at"] == "2025-03-01T15:00:00Z"


def test_the_picture_is_the_one_of_that_time(api: APIClient, user: User) -> None:
    file = StoredFileFactory.create()
    change(user, NOON + 3 * HOUR, picture=StoredAssetFactory.create(file=file))

    pictures = [as_of(api, user, NOON + hours * HOUR)["profile_picture"] for hours in (2, 3)]

    assert pictures == [None, f"http://testserver/media/{file.name}"]


def test_a_past_profile_takes_two_queries(
    api: APIClient, user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):  # who may read, the version
        as_of(api, user, NOON)


def metrics(api: APIClient, user: User, **query: str) -> list[str]:
    body = api.get(f"/instagram/users/{user.pk}/metrics/", query).json()
    return [row["day"] for row in body["results"]]


@pytest.fixture
def counted(db: None) -> User:
    """A profile with counts of the first five days of March."""
    user = UserFactory.create()
    for day in range(1, 6):
        MetricFactory.create(user=user, day=date(2025, 3, day), follower_count=day)
    MetricFactory.create()
    return user


def test_metrics_have_the_newest_day_first(api: APIClient, counted: User) -> None:
    body = api.get(f"/instagram/users/{counted.pk}/metrics/").json()

    assert body["results"][0] == {
        "day": "2025-03-05", "follower_count": 5, "following_count": None, "media_count": None,
    }  # fmt: skip
    assert metrics(api, counted) == [f"2025-03-0{day}" for day in (5, 4, 3, 2, 1)]


def test_metrics_can_be_cut_to_some_days(api: APIClient, counted: User) -> None:
    days = metrics(api, counted, **{"from": "2025-03-02", "to": "2025-03-03"})

    assert days == ["2025-03-03", "2025-03-02"]


def test_metrics_are_paged(api: APIClient, counted: User) -> None:
    first = api.get(f"/instagram/users/{counted.pk}/metrics/?page_size=3").json()
    second = api.get(first["next"]).json()

    assert [row["day"] for row in second["results"]] == ["2025-03-02", "2025-03-01"]
    assert second["next"] is None


@pytest.mark.parametrize("name", ["from", "to"])
@pytest.mark.parametrize("text", ["yesterday", "03/01/2025", "2025-02-30", "99999-01-01"])
def test_a_bad_day_is_refused(api: APIClient, counted: User, name: str, text: str) -> None:
    response = api.get(f"/instagram/users/{counted.pk}/metrics/", {name: text})

    assert (response.status_code, list(response.json())) == (400, [name])


def test_the_metrics_of_an_unknown_profile_are_not_found(api: APIClient) -> None:
    response = api.get(f"/instagram/users/{uuid4()}/metrics/")

    assert (response.status_code, list(response.json())) == (404, ["detail"])


def test_metrics_take_three_queries(
    api: APIClient, counted: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(3):  # who may read, the profile, the page
        metrics(api, counted)


def test_the_newest_version_of_a_post_comes_first(api: APIClient) -> None:
    ChangeFactory.create(event="appeared", fields={"caption": {"old": None, "new": "Before"}})
    ChangeFactory.create()
    ChangeFactory.create(object_id="2")
    ChangeFactory.create(kind="story")

    results = api.get("/instagram/posts/1/history/").json()["results"]

    assert [version["event"] for version in results] == ["changed", "appeared"]
    assert results[0]["fields"] == {"caption": {"old": "Before", "new": "After"}}
    assert set(results[0]) == VERSION_KEYS


def test_the_versions_of_a_post_are_paged(api: APIClient) -> None:
    made = [ChangeFactory.create().pk for _ in range(5)]

    first = api.get("/instagram/posts/1/history/?page_size=3").json()
    second = api.get(first["next"]).json()

    listed = [version["id"] for page in (first, second) for version in page["results"]]
    assert listed == made[::-1]
    assert api.get(second["previous"]).json()["results"] == first["results"]


def test_the_history_of_an_unknown_post_is_empty(api: APIClient) -> None:
    response = api.get("/instagram/posts/unknown/history/")

    assert (response.status_code, response.json()["results"]) == (200, [])


def test_the_history_of_a_post_takes_two_queries(
    api: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ChangeFactory.create_batch(5)

    with django_assert_num_queries(2):  # who may read, the page
        api.get("/instagram/posts/1/history/")
