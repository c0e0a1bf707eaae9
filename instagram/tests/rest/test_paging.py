"""Paging through a list shows every item once, also if rows are added or removed meanwhile."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from core.api import keyset
from instagram.models import Post, User
from tests.support.factories import NOON, PostFactory, UserFactory


def pages(api: APIClient, url: str | None, link: str = "next") -> Iterator[list[dict[str, Any]]]:
    """The results of all pages, following `next` or `previous`."""
    while url:
        body = api.get(url).json()
        yield body["results"]
        url = body[link]


def names(api: APIClient, url: str) -> list[str]:
    """The usernames of all pages."""
    return [user["username"] for page in pages(api, url) for user in page]


def cursor_of(*facts: object) -> str:
    """A forged cursor."""
    return base64.urlsafe_b64encode(json.dumps(facts).encode()).decode().rstrip("=")


@pytest.mark.slow
def test_1500_posts_of_one_moment_are_all_listed_once(api: APIClient) -> None:
    user = UserFactory.create()
    posts = PostFactory.build_batch(1500, user=user, post_created_at=NOON)
    Post.objects.bulk_create(posts)

    listed = [item["id"] for page in pages(api, "/instagram/posts/?page_size=100") for item in page]

    assert len(listed) == 1500
    assert set(listed) == {post.id for post in posts}


@pytest.mark.slow
def test_1500_posts_of_one_moment_are_all_found_once(api: APIClient) -> None:
    user = UserFactory.create()
    posts = PostFactory.build_batch(1500, user=user, post_created_at=NOON, caption="rain")
    for number, post in enumerate(posts):
        post.created_at = NOON + timedelta(seconds=number * 7919 % 1500)
        post.refresh_search()
    Post.objects.bulk_create(posts)

    found = [
        item["id"]
        for page in pages(api, "/instagram/posts/?search=rain&page_size=100")
        for item in page
    ]

    assert found == sorted((post.id for post in posts), reverse=True)


@pytest.mark.parametrize("order", ["full_name", "-full_name", "username", "-created_at"])
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_are_the_list_cut_up(api: APIClient, order: str, size: int) -> None:
    for name in ["b", None, "a", "b", None, "c", None]:
        UserFactory.create(full_name=name)
    whole = names(api, f"/instagram/users/?ordering={order}&page_size=100")

    cut = list(pages(api, f"/instagram/users/?ordering={order}&page_size={size}"))

    assert [user["username"] for page in cut for user in page] == whole
    assert all(len(page) == size for page in cut[:-1])


@pytest.mark.slow
@pytest.mark.parametrize("order", ["full_name", "-full_name", "-created_at"])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_way_back_shows_the_same_pages(api: APIClient, order: str, size: int) -> None:
    for name in ["b", None, "a", None, "c", "b"]:
        UserFactory.create(full_name=name)
    url = f"/instagram/users/?ordering={order}&page_size={size}"
    last = body = api.get(url).json()
    while body["next"]:
        last, body = body, api.get(body["next"]).json()

    back = list(pages(api, body["previous"], "previous"))

    assert back[0] == last["results"]
    assert back[::-1] == list(pages(api, url))[:-1]


@pytest.mark.parametrize("order", ["full_name", "-full_name", "username", "-created_at"])
@pytest.mark.parametrize("size", [2, 4])
@pytest.mark.parametrize(
    "scanned", [(1, 2, 3), (1, 3, 5), (2, 4, 8), (3, 5, 100), (4, 50, 60), (50, 60, 70)]
)
def test_a_search_has_the_same_pages_however_many_rows_are_scanned_first(
    api: APIClient,
    monkeypatch: pytest.MonkeyPatch,
    order: str,
    scanned: tuple[int, int, int],
    size: int,
) -> None:
    monkeypatch.setattr(keyset, "SCANNED", scanned)
    for number, name in enumerate(["b", None, "a", "b", None, "c", None, "a"]):
        UserFactory.create(full_name=name, biography="rain" if number % 3 else "")
    query = f"ordering={order}&page_size={size}"
    every = [user for page in pages(api, f"/instagram/users/?{query}") for user in page]

    found = names(api, f"/instagram/users/?{query}&search=rain")

    assert found == [user["username"] for user in every if user["biography"]]


def test_the_first_page_has_no_previous_and_the_last_no_next(api: APIClient) -> None:
    UserFactory.create_batch(2)

    first = api.get("/instagram/users/?page_size=1").json()
    last = api.get(first["next"]).json()

    assert (first["previous"], last["next"]) == (None, None)
    assert api.get(last["previous"]).json()["previous"] is None


def test_rows_added_meanwhile_do_not_shift_the_pages(api: APIClient) -> None:
    for _ in range(4):
        UserFactory.create()
    first = api.get("/instagram/users/?page_size=2").json()

    UserFactory.create()
    second = api.get(first["next"]).json()

    shown = [user["uuid"] for page in (first, second) for user in page["results"]]
    assert len(set(shown)) == 4


def test_the_row_behind_a_cursor_may_be_deleted(api: APIClient) -> None:
    oldest = UserFactory.create(created_at=NOON)
    newest = UserFactory.create(created_at=NOON + timedelta(days=1))
    first = api.get("/instagram/users/?page_size=1").json()

    newest.delete()

    assert names(api, first["next"]) == [oldest.username]


def test_links_are_absolute_and_keep_every_parameter(api: APIClient) -> None:
    UserFactory.create_batch(2)

    link = api.get(
        "/instagram/users/?search=ada&page_size=1&ordering=username&theme=%C3%A9"
    ).json()["next"]

    assert link.startswith("http://testserver/instagram/users/?cursor=")
    assert {"search=ada", "page_size=1", "ordering=username", "theme=%C3%A9"} < set(
        link.partition("?")[2].split("&")
    )


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ("1", 1), ("0", 1), ("-5", 1), ("100", 100), ("101", 100), ("9" * 50, 100),
        ("9" * 5000, 20), ("x", 20), ("", 20), ("1.5", 20), ("\0", 20),
    ],
)  # fmt: skip
def test_a_page_size_is_moved_into_its_range(api: APIClient, wanted: str, shown: int) -> None:
    User.objects.bulk_create(UserFactory.build_batch(101))

    body = api.get("/instagram/users/", {"page_size": wanted}).json()

    assert len(body["results"]) == shown


def test_a_cursor_of_another_order_or_list_is_not_found(api: APIClient) -> None:
    UserFactory.create_batch(2)
    PostFactory.create_batch(2)
    cursor = api.get("/instagram/users/?page_size=1").json()["next"].partition("cursor=")[2]

    reordered = api.get(f"/instagram/users/?ordering=created_at&cursor={cursor}")
    elsewhere = api.get(f"/instagram/posts/?ordering=-created_at&cursor={cursor}")

    assert (reordered.status_code, elsewhere.status_code) == (404, 404)


LABEL = ("instagram.user", "-created_at")
FORWARD = (*LABEL, False)
UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
INSTANT = "2025-03-01T12:00:00+00:00"


@pytest.mark.parametrize(
    "cursor",
    [
        "x", "=", "%", "é", "null", "A" * 5000, "[" * 3000, cursor_of(), cursor_of(*LABEL),
        cursor_of(*LABEL, 1, INSTANT, UUID),
        cursor_of(*LABEL, None, INSTANT, UUID),
        cursor_of(*FORWARD, None, UUID),
        cursor_of(*FORWARD, 1, UUID),
        cursor_of(*FORWARD, {}, UUID),
        cursor_of(*FORWARD, 10**30, UUID),
        cursor_of(*FORWARD, "2025-03-01T12:00:00", UUID),
        cursor_of(*FORWARD, "yesterday", UUID),
        cursor_of(*FORWARD, "0001-01-01T00:00:00+23:59", UUID),
        cursor_of(*FORWARD, "9999-12-31T23:59:59-23:59", UUID),
        cursor_of(*FORWARD, "\0", UUID),
        cursor_of(*FORWARD, INSTANT, None),
        cursor_of(*FORWARD, INSTANT, "1"),
        cursor_of(*FORWARD, INSTANT, "\ud800"),
        cursor_of(*FORWARD, INSTANT, 2**200),
        cursor_of(["instagram.user"], *FORWARD[1:], INSTANT, UUID),
        base64.urlsafe_b64encode(b"[" * 900).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        base64.urlsafe_b64encode(b'["instagram.user","-created_at",false,1' + b"0" * 5000).decode(),
    ],
)  # fmt: skip
def test_a_broken_cursor_is_not_found(api: APIClient, cursor: str) -> None:
    response = api.get("/instagram/users/", {"cursor": cursor})

    assert (response.status_code, response.json()) == (404, {"detail": "Invalid cursor."})


@pytest.mark.parametrize("text", ["a\0", "\ud800"])
def test_a_cursor_with_text_that_postgresql_cannot_hold_is_not_found(
    api: APIClient, text: str
) -> None:
    cursor = cursor_of("instagram.user", "username", *FORWARD[2:], text, UUID)

    response = api.get("/instagram/users/", {"ordering": "username", "cursor": cursor})

    assert response.status_code == 404


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59-00:00"])
def test_a_cursor_at_the_end_of_time_is_a_cursor(api: APIClient, instant: str) -> None:
    cursor = cursor_of(*FORWARD, instant, UUID)

    assert api.get("/instagram/users/", {"cursor": cursor}).status_code == 200


def test_a_page_is_one_query_wherever_it_is(
    api: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    UserFactory.create_batch(5)
    second = api.get("/instagram/users/?page_size=2").json()["next"]

    with django_assert_num_queries(2):  # who may read, the page
        api.get(second)


def test_a_page_that_is_indented_for_a_person_says_the_same(api: APIClient) -> None:
    PostFactory.create()

    indented = api.get("/instagram/posts/", HTTP_ACCEPT="application/json; indent=4")

    assert indented.content.startswith(b"{\n    ")
    assert indented.json() == api.get("/instagram/posts/").json()
