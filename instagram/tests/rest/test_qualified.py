"""Answers name the fields with truncated texts, doubtful times and unknown values."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from core import texts
from instagram.models import Post
from tests.support.factories import HighlightFactory, PostFactory, StoryFactory, UserFactory

pytestmark = pytest.mark.django_db
YEAR = timedelta(days=365)


@pytest.fixture
def api() -> APIClient:
    return APIClient()


def test_a_long_caption_is_cut_and_named(api: APIClient) -> None:
    PostFactory.create(caption="x" * (texts.CAPTION + 1))

    [shown] = api.get("/instagram/posts/").json()["results"]

    assert (len(shown["caption"]), shown["truncated"]) == (texts.CAPTION, ["caption"])


def test_a_long_biography_is_cut_and_named_with_every_owner(api: APIClient) -> None:
    user = UserFactory.create(biography="x" * (texts.BIOGRAPHY + 1))
    PostFactory.create(user=user)

    shown = api.get(f"/instagram/users/{user.pk}/").json()
    [post] = api.get("/instagram/posts/").json()["results"]

    assert [shown["truncated"], post["user"]["truncated"]] == [["biography"]] * 2


@pytest.mark.slow
def test_the_free_texts_of_a_page_have_a_bound(api: APIClient) -> None:
    user = UserFactory.create(biography="字" * texts.BIOGRAPHY)
    for _ in range(100):
        PostFactory.create(user=user, caption="字" * texts.CAPTION)

    page = api.get("/instagram/posts/?page_size=100").json()["results"]

    shown = [text for post in page for text in (post["caption"], post["user"]["biography"])]
    assert sum(len(text.encode()) for text in shown) <= texts.PAGE_BYTES
    assert all(post["truncated"] == ["caption"] for post in page)


def test_a_time_a_year_ahead_is_kept_and_doubted(api: APIClient) -> None:
    ahead = timezone.now() + YEAR
    post, story = (
        PostFactory.create(post_created_at=ahead),
        StoryFactory.create(story_created_at=ahead),
    )
    highlight = HighlightFactory.create(edited_at=ahead)

    doubts = [
        api.get(f"/instagram/{path}/").json()["doubtful"]
        for path in (
            f"posts/{post.pk}",
            f"stories/{story.pk}",
            f"highlights/{highlight.pk}",
        )
    ]

    assert doubts == [["post_created_at"], ["story_created_at"], ["edited_at"]]


def test_a_time_within_a_day_is_not_doubted(api: APIClient) -> None:
    post = PostFactory.create(post_created_at=timezone.now() + timedelta(hours=23))

    assert api.get(f"/instagram/posts/{post.pk}/").json()["doubtful"] == []


def test_a_post_from_the_future_is_sorted_by_when_it_was_first_seen(api: APIClient) -> None:
    now = timezone.now()
    ahead = PostFactory.create(post_created_at=now + YEAR, created_at=now - timedelta(days=2))
    newer = PostFactory.create(post_created_at=now - timedelta(days=1))
    older = PostFactory.create(post_created_at=now - timedelta(days=3))

    shown = api.get("/instagram/posts/").json()["results"]

    assert [post["id"] for post in shown] == [newer.pk, ahead.pk, older.pk]
    assert Post.objects.get(pk=ahead.pk).post_created_at == now + YEAR


def test_pages_in_the_order_of_times_show_every_post_once(api: APIClient) -> None:
    now = timezone.now()
    posts = {PostFactory.create(post_created_at=now + YEAR * n).pk for n in range(-3, 4)}
    shown, address = [], "/instagram/posts/?page_size=2"
    while address:
        page = api.get(address).json()
        shown += [post["id"] for post in page["results"]]
        address = page["next"]

    assert sorted(shown) == sorted(posts)
