"""Story coverage over REST."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from instagram.models import StoryWindow, StreamPoll, User
from tests.support.factories import UserFactory

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)

pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture
def noon() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def watched(user: User, *, since: float, until: float) -> None:
    """A window, in days before now."""
    StoryWindow.objects.create(
        user=user, started_at=NOW - since * DAY, ended_at=NOW - until * DAY, polls=3
    )


def address(user: User, query: str = "") -> str:
    return f"/instagram/users/{user.pk}/coverage/{query}"


def test_the_answer_tells_share_windows_gaps_and_the_next_poll(api: APIClient) -> None:
    user = UserFactory.create()
    watched(user, since=10, until=6)
    watched(user, since=5, until=0.5)
    StreamPoll.objects.create(
        user=user, stream="stories", due_at=NOW + DAY / 2, deadline_at=NOW + DAY
    )

    body = api.get(address(user)).json()

    assert body == {
        "from": "2026-03-21T12:00:00Z",
        "to": "2026-03-31T12:00:00Z",
        "share": 0.85,
        "covered_seconds": 734400.0,
        "windows": [
            {"from": "2026-03-21T12:00:00Z", "to": "2026-03-25T12:00:00Z", "polls": 3},
            {"from": "2026-03-26T12:00:00Z", "to": "2026-03-31T00:00:00Z", "polls": 3},
        ],
        "gaps": [{"from": "2026-03-25T12:00:00Z", "to": "2026-03-26T12:00:00Z"}],
        "pending": {"from": "2026-03-31T00:00:00Z", "to": "2026-03-31T12:00:00Z"},
        "next_poll_due": "2026-04-01T00:00:00Z",
    }


def test_a_profile_that_was_never_watched_has_one_gap(api: APIClient) -> None:
    body = api.get(address(UserFactory.create())).json()

    assert (body["share"], body["windows"], len(body["gaps"])) == (0, [], 1)
    assert body["next_poll_due"] is None


def test_the_time_can_be_narrowed(api: APIClient) -> None:
    user = UserFactory.create()
    watched(user, since=10, until=6)

    body = api.get(address(user, "?from=2026-03-24T12:00:00Z&to=2026-03-26T12:00:00Z")).json()

    assert body["share"] == 0.5
    assert body["gaps"] == [{"from": "2026-03-25T12:00:00Z", "to": "2026-03-26T12:00:00Z"}]


def test_by_default_at_most_ninety_days_are_shown(api: APIClient) -> None:
    user = UserFactory.create()
    watched(user, since=400, until=0)

    assert api.get(address(user)).json()["from"] == "2025-12-31T12:00:00Z"


def test_the_future_is_no_gap(api: APIClient) -> None:
    user = UserFactory.create()
    watched(user, since=2, until=0)

    body = api.get(address(user, "?to=2030-01-01")).json()

    assert (body["to"], body["gaps"]) == ("2026-03-31T12:00:00Z", [])


def test_windows_of_other_profiles_do_not_count(api: APIClient) -> None:
    watched(UserFactory.create(), since=10, until=0)

    assert api.get(address(UserFactory.create())).json()["share"] == 0


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?from=yesterday", "from"),
        ("?to=9999-99-99", "to"),
        ("?to=0001-01-01T00:00:00%2B14:00", "to"),
        ("?from=2026-03-02&to=2026-03-01", "from"),
        ("?from=2030-01-01", "from"),
        ("?from=%00", "from"),
    ],
)
def test_a_wrong_time_is_named(api: APIClient, query: str, field: str) -> None:
    answer = api.get(address(UserFactory.create(), query))

    assert answer.status_code == 400
    assert list(answer.json()) == [field]


def test_an_unknown_profile_is_not_found(api: APIClient) -> None:
    assert api.get(f"/instagram/users/{uuid4()}/coverage/").status_code == 404


@pytest.mark.parametrize("windows", [1, 30])
def test_coverage_costs_the_same_for_any_number_of_windows(
    api: APIClient, django_assert_num_queries: DjangoAssertNumQueries, windows: int
) -> None:
    user = UserFactory.create()
    for number in range(windows):
        watched(user, since=2 * number + 1, until=2 * number)

    with django_assert_num_queries(5):  # access, profile, first window, next poll, windows
        api.get(address(user))


def test_an_end_before_the_first_window_is_refused(api: APIClient) -> None:
    user = UserFactory.create()
    watched(user, since=10, until=6)

    response = api.get(address(user, "?to=2026-03-01T00:00:00Z"))

    assert (response.status_code, list(response.json())) == (400, ["to"])
