"""A search finds the rows that have its words, in the order of the list, on every page."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from core.db.search import WORD_START, query_words
from instagram.models import Post, User
from tests.support.factories import NOON, PostFactory, UserFactory
from tests.support.fuzzing import BOUNDED

WORDS = (
    "rain", "rain_day", "lena", "a", "ab", "abc", "50%", "_x", "\\", "%s", "é", "ß", "日本", "日",
    "wal\\k", "o'b",
)  # fmt: skip

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def posts() -> list[Post]:
    """Posts with words in the caption or in the owner, and some with equal times."""
    chosen = random.Random(1)  # noqa: S311  no secret

    def text() -> str:
        return " ".join(chosen.choices(WORDS, k=chosen.randint(0, 4)))

    owners = [UserFactory.create(full_name=text(), biography=text()) for _ in range(6)]
    return [
        PostFactory.create(
            user=chosen.choice(owners),
            caption=text(),
            post_created_at=NOON + timedelta(hours=chosen.randint(0, 4)),
        )
        for _ in range(40)
    ]


def has(searchable: str, word: str) -> bool:
    return (WORD_START + word if len(word) <= 2 else word) in searchable


def expected(posts: Iterable[Post], query: str, owner: User | None) -> list[str]:
    """The ids of the posts that have every word, the newest first."""
    found = [
        post
        for post in posts
        if owner in {None, post.user}
        if all(
            has(post.search_text, word) or has(post.user.search_text, word)
            for word in query_words(query)
        )
    ]
    return [post.id for post in sorted(found, key=lambda post: (post.post_created_at, post.id))][
        ::-1
    ]


def listed(api: APIClient, parameters: dict[str, Any]) -> list[str]:
    """The ids of all pages."""
    body = api.get("/instagram/posts/", parameters).json()
    ids = [item["id"] for item in body["results"]]
    while body["next"]:
        body = api.get(body["next"]).json()
        ids += [item["id"] for item in body["results"]]
    return ids


@hypothesis_settings(BOUNDED, max_examples=60)
@given(
    words=st.lists(st.sampled_from((*WORDS, "zz")), max_size=5),
    size=st.sampled_from([1, 2, 7, 100]),
    of_one_owner=st.booleans(),
)
def test_a_search_finds_what_has_its_words(
    api: APIClient, posts: list[Post], words: list[str], size: int, *, of_one_owner: bool
) -> None:
    owner = posts[0].user if of_one_owner else None
    query = " ".join(words)
    parameters: dict[str, Any] = {"search": query, "page_size": size}
    if owner:
        parameters["user"] = str(owner.pk)

    assert listed(api, parameters) == expected(posts, query, owner)
