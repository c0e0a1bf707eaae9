"""Answers that are kept until the next commit."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.test import APIClient

from core.api.answers import AnswerCache, KeptAnswer
from core.users.models import Account
from instagram.models import RunStream, User
from tests.support.factories import PostFactory, RunFactory, UserFactory

POSTS = "/instagram/posts/"
STATISTIC = "/instagram/statistic/"


def in_other_session(write: Callable[[], object]) -> None:
    """Call the function in a thread, which has a connection of its own."""

    def run() -> None:
        try:
            write()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()


def statements_of_second(first: Callable[[], object], second: Callable[[], object]) -> int:
    """The statements of the second call if nothing is committed after the first.

    Other tests commit on the same server, so both are repeated.
    """
    counts = []
    for _ in range(50):
        first()
        with CaptureQueriesContext(connection) as statements:
            second()
        counts.append(len(statements))
    return min(counts)


@pytest.mark.django_db
def test_an_answer_is_indented_for_a_client_that_asks_for_it(api: APIClient) -> None:
    response = api.get(STATISTIC, HTTP_ACCEPT="application/json; indent=4")

    assert response.content.startswith(b'{\n    "')


@pytest.mark.django_db(transaction=True)
def test_an_unchanged_answer_costs_one_statement(api: APIClient) -> None:
    PostFactory.create()
    answers: list[Any] = []

    def ask() -> None:
        answers.append(api.get(POSTS).json())

    assert statements_of_second(ask, ask) == 1
    assert [each for each in answers if each != answers[0]] == []


@pytest.mark.django_db(transaction=True)
def test_each_commit_of_another_session_is_shown_by_the_next_request(api: APIClient) -> None:
    counts = []
    for _ in range(3):
        in_other_session(UserFactory.create)
        counts.append(api.get(STATISTIC).json()["total_users"])

    assert counts == [1, 2, 3]


@pytest.mark.django_db(transaction=True)
def test_a_commit_of_a_transaction_that_was_open_before_is_shown(api: APIClient) -> None:
    with transaction.atomic():
        UserFactory.create()
        seen: list[int] = []
        in_other_session(lambda: seen.append(APIClient().get(STATISTIC).json()["total_users"]))
        in_other_session(lambda: seen.append(APIClient().get(STATISTIC).json()["total_users"]))

    assert (seen, api.get(STATISTIC).json()["total_users"]) == ([0, 0], 1)


@pytest.mark.django_db(transaction=True)
def test_an_update_in_place_is_shown(api: APIClient) -> None:
    user = UserFactory.create(full_name="Before")
    url = f"/instagram/users/{user.pk}/"
    before = api.get(url).json()["full_name"]
    in_other_session(lambda: User.objects.update(full_name="After"))

    assert (before, api.get(url).json()["full_name"]) == ("Before", "After")


@pytest.mark.django_db
def test_a_transaction_sees_its_own_writes(api: APIClient) -> None:
    api.get(STATISTIC)
    UserFactory.create()

    assert api.get(STATISTIC).json()["total_users"] == 1


@pytest.mark.django_db(transaction=True)
def test_a_client_that_has_the_answer_gets_304_without_a_body(api: APIClient) -> None:
    PostFactory.create()
    etag = api.get(POSTS)["ETag"]
    response = api.get(POSTS, headers={"If-None-Match": etag})

    assert (response.status_code, response.content, response["ETag"]) == (304, b"", etag)


@pytest.mark.django_db(transaction=True)
def test_a_304_costs_one_statement(api: APIClient) -> None:
    PostFactory.create()
    etag = api.get(POSTS)["ETag"]

    def ask() -> None:
        api.get(POSTS, headers={"If-None-Match": etag})

    assert statements_of_second(ask, ask) == 1


@pytest.mark.django_db(transaction=True)
def test_a_commit_that_does_not_touch_the_answer_keeps_its_etag(api: APIClient) -> None:
    etag = api.get(POSTS)["ETag"]
    UserFactory.create()

    assert api.get(POSTS, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.django_db(transaction=True)
def test_an_old_etag_gets_the_new_answer(api: APIClient) -> None:
    etag = api.get(POSTS)["ETag"]
    PostFactory.create()
    response = api.get(POSTS, headers={"If-None-Match": f'"other", W/{etag}'})

    assert (response.status_code, len(response.json()["results"])) == (200, 1)


@pytest.mark.django_db(transaction=True)
def test_parameters_in_another_order_find_the_same_answer(api: APIClient) -> None:
    first, second = f"{POSTS}?page_size=5&variant=video", f"{POSTS}?variant=video&page_size=5"

    assert statements_of_second(lambda: api.get(first), lambda: api.get(second)) == 1


@pytest.mark.django_db(transaction=True)
def test_another_page_is_another_answer(api: APIClient) -> None:
    PostFactory.create_batch(2)
    sizes = [len(api.get(f"{POSTS}?page_size={size}").json()["results"]) for size in (1, 2)]

    assert sizes == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_a_host_gets_links_to_itself(api: APIClient, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["one.example", "two.example"]
    PostFactory.create_batch(2)
    hosts = [
        api.get(f"{POSTS}?page_size=1", headers={"Host": host}).json()["next"].split("/")[2]
        for host in ("one.example", "two.example")
    ]

    assert hosts == ["one.example", "two.example"]


@pytest.mark.django_db(transaction=True)
def test_staff_and_strangers_share_no_answer(api: APIClient) -> None:
    RunStream.objects.create(run=RunFactory.create(), name="posts", position=1, error="internal")
    staff = APIClient()
    staff.force_authenticate(
        Account.objects.create_superuser("staff@example.com", "long-enough-pw")
    )
    answers = [each.get("/instagram/runs/").json() for each in (api, staff, api)]
    errors = [answer["results"][0]["streams"][0]["error"] for answer in answers]

    assert errors == [None, "internal", None]


def test_the_cache_holds_no_more_bytes_than_allowed() -> None:
    cache = AnswerCache(max_bytes=10)
    for key in "abc":
        cache.put(key, KeptAnswer("1:1:", b"1234", key))

    assert [key for key in "abc" if cache.get(key, "1:1:")] == ["b", "c"]
    assert cache.bytes == 8


def test_the_cache_drops_the_answer_that_was_not_used_for_longest() -> None:
    cache = AnswerCache(max_bytes=10)
    cache.put("a", KeptAnswer("1:1:", b"1234", "a"))
    cache.put("b", KeptAnswer("1:1:", b"1234", "b"))
    cache.get("a", "1:1:")
    cache.put("c", KeptAnswer("1:1:", b"1234", "c"))

    assert [key for key in "abc" if cache.get(key, "1:1:")] == ["a", "c"]


def test_an_answer_that_is_too_large_is_not_kept() -> None:
    cache = AnswerCache(max_bytes=3)
    cache.put("a", KeptAnswer("1:1:", b"1234", "a"))

    assert (cache.get("a", "1:1:"), cache.bytes) == (None, 0)


def test_an_answer_of_another_snapshot_is_not_given() -> None:
    cache = AnswerCache()
    cache.put("a", KeptAnswer("1:1:", b"1234", "a"))

    assert cache.get("a", "1:2:") is None
