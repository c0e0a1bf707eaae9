"""The feed of changes over REST shows each change once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from instagram.models import ChangeEvent
from instagram.tests.rest.test_paging import cursor_of
from tests.support.factories import NOON, ChangeFactory, UserFactory
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

FEED = "/instagram/changes/"
KEYS = {"id", "kind", "object_id", "user", "event", "fields", "seen_at"}
PLACE = ("instagram.changeevent", "transaction", False)
INSERT = """
INSERT INTO instagram_changeevent (kind, object_id, event, fields, seen_at)
VALUES ('post', %s, 'changed', '{}', now())
"""


def settle() -> None:
    """Wait for transactions in other databases of the server, which also delay the feed."""
    wait_until(lambda: ChangeEvent.objects.settled().count() == ChangeEvent.objects.count())


def names(body: dict[str, Any]) -> list[str]:
    return [change["object_id"] for change in body["results"]]


def page(api: APIClient, since: str) -> dict[str, Any]:
    """The next two changes."""
    body: dict[str, Any] = api.get(FEED, {"since": since, "page_size": "2"}).json()
    return body


@contextmanager
def writer() -> Iterator[BaseDatabaseWrapper]:
    """A second connection, in a transaction that the test ends."""
    other = connection.copy()
    other.set_autocommit(autocommit=False)
    try:
        yield other
    finally:
        other.close()


def write(other: BaseDatabaseWrapper, name: str) -> None:
    with other.cursor() as cursor:
        cursor.execute(INSERT, [name])


def test_a_change_has_the_keys_of_the_contract(api: APIClient) -> None:
    user = UserFactory.create()
    change = ChangeFactory.create(user=user)
    settle()

    body = api.get(FEED).json()

    assert set(body) == {"results", "next", "cursor"}
    assert set(body["results"][0]) == KEYS
    assert body["results"] == [
        {
            "id": change.pk,
            "kind": "post",
            "object_id": "1",
            "user": str(user.pk),
            "event": "changed",
            "fields": {"caption": {"old": "Before", "new": "After"}},
            "seen_at": "2025-03-01T12:00:00Z",
        }
    ]


def test_a_second_request_gets_the_changes_since_the_first(api: APIClient) -> None:
    ChangeFactory.create(object_id="old")
    settle()
    cursor = api.get(FEED).json()["cursor"]
    ChangeFactory.create(object_id="new")
    settle()

    assert names(api.get(FEED, {"since": cursor}).json()) == ["new"]


def test_an_empty_page_returns_the_same_cursor(api: APIClient) -> None:
    ChangeFactory.create()
    settle()
    cursor = api.get(FEED).json()["cursor"]

    body = api.get(FEED, {"since": cursor}).json()

    assert body == {"results": [], "next": None, "cursor": cursor}


def test_a_reader_of_an_empty_feed_can_go_on_from_there(api: APIClient) -> None:
    cursor = api.get(FEED).json()["cursor"]
    ChangeFactory.create(object_id="first")
    settle()

    assert names(api.get(FEED, {"since": cursor}).json()) == ["first"]


def test_pages_follow_each_other(api: APIClient) -> None:
    for number in range(5):
        ChangeFactory.create(object_id=str(number))
    settle()

    first = api.get(FEED, {"page_size": 3}).json()
    second = api.get(first["next"]).json()

    assert (names(first), names(second)) == (["0", "1", "2"], ["3", "4"])
    assert second["next"] is None
    assert api.get(FEED, {"since": first["cursor"]}).json()["results"] == second["results"]


def test_an_open_transaction_delays_later_changes(api: APIClient) -> None:
    with writer() as slow:
        write(slow, "slow")
        ChangeFactory.create(object_id="fast")
        before = api.get(FEED).json()
        slow.commit()
    settle()

    after = api.get(FEED, {"since": before["cursor"]}).json()

    assert (names(before), names(after)) == ([], ["slow", "fast"])


def test_a_transaction_that_began_first_and_wrote_last_comes_first(api: APIClient) -> None:
    with writer() as slow:
        write(slow, "slow")
        ChangeFactory.create(object_id="fast")
        write(slow, "slow again")
        slow.commit()
    settle()

    assert names(api.get(FEED).json()) == ["slow", "slow again", "fast"]


def test_rolled_back_changes_are_never_listed(api: APIClient) -> None:
    with writer() as slow:
        write(slow, "never")
        ChangeFactory.create(object_id="fast")
        slow.rollback()
    settle()

    assert names(api.get(FEED).json()) == ["fast"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_a_reader_beside_four_writers_gets_everything_once(api: APIClient, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  an interleaving, no secret
    read: list[str] = []
    cursor = ""

    with ExitStack() as stack:
        writers = [stack.enter_context(writer()) for _ in range(4)]
        for step in range(60):
            other = chance.choice(writers)
            if chance.random() < 0.3:
                other.commit()
            else:
                write(other, str(step))
            body = page(api, cursor)
            read, cursor = read + names(body), body["cursor"]
        for other in writers:
            other.commit()
    settle()
    while results := names(body := page(api, cursor)):
        read, cursor = read + results, body["cursor"]

    assert len(read) > 30
    assert read == [*ChangeEvent.objects.settled().values_list("object_id", flat=True)]


@pytest.mark.parametrize(
    "since",
    [
        "nonsense",
        "%00",
        cursor_of("instagram.post", *PLACE[1:], 1, 1),
        cursor_of("instagram.changeevent", "-id", *PLACE[2:], 1, 1),
        cursor_of(*PLACE, "x", 1),
        cursor_of(*PLACE, None, 1),
        cursor_of(1),
    ],
)
def test_an_invalid_cursor_of_the_feed_is_not_found(api: APIClient, since: str) -> None:
    response = api.get(FEED, {"since": since})

    assert (response.status_code, list(response.json())) == (404, ["detail"])


@pytest.mark.parametrize(("number", "status"), [(-1, 200), (2**63, 404), (10**40, 404)])
def test_a_cursor_beyond_all_numbers_breaks_nothing(
    api: APIClient, number: int, status: int
) -> None:
    since = cursor_of(*PLACE, number, number)

    assert api.get(FEED, {"since": since}).status_code == status


def test_a_cursor_of_another_list_is_not_found(api: APIClient) -> None:
    UserFactory.create_batch(2)
    next_page = api.get("/instagram/users/?page_size=1").json()["next"]
    _, _, cursor = next_page.partition("cursor=")

    assert api.get(f"{FEED}?since={cursor}").status_code == 404


def test_changes_of_one_profile(api: APIClient) -> None:
    user = UserFactory.create()
    ChangeFactory.create(object_id="1", user=user)
    ChangeFactory.create(object_id="2")
    settle()

    assert names(api.get(FEED, {"user": str(user.pk)}).json()) == ["1"]


def test_changes_of_one_kind(api: APIClient) -> None:
    ChangeFactory.create(object_id="1")
    ChangeFactory.create(object_id="2", kind="story")
    settle()

    assert names(api.get(FEED, {"kind": "story"}).json()) == ["2"]


@pytest.mark.parametrize("wrong", [{"user": str(uuid4())}, {"user": "x"}, {"kind": "dream"}])
def test_an_unknown_filter_value_is_refused(api: APIClient, wrong: dict[str, str]) -> None:
    response = api.get(FEED, wrong)

    assert (response.status_code, [*response.json()]) == (400, [*wrong])


def test_a_page_takes_two_queries_however_long_it_is(
    api: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    user = UserFactory.create()
    ChangeEvent.objects.bulk_create(ChangeFactory.build_batch(100, user=user, seen_at=NOON))
    settle()

    with django_assert_num_queries(2):  # who may read, the page
        body = api.get(FEED, {"page_size": 100}).json()

    assert len(body["results"]) == 100
