"""How often posts and stories were looked at."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from instagram.models import Post, PostViews, Story, StoryViews, User
from instagram.views import viewing

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> viewing.ViewCounter:
    """Writes only when a test says so."""
    own = viewing.ViewCounter(interval=3600)
    monkeypatch.setattr(viewing, "counter", own)
    return own


@pytest.fixture
def post(counter: viewing.ViewCounter) -> Post:
    user = User.objects.create(username="lena.v", instagram_id="501")
    now = timezone.now()
    Story.objects.create(story_id="271", user=user, story_created_at=now, expires_at=now)
    return Post.objects.create(id="314", user=user, variant="normal", post_created_at=now)


def test_views_are_shown_when_they_are_written(
    api: APIClient, post: Post, counter: viewing.ViewCounter
) -> None:
    for _ in range(3):
        assert api.get(f"/instagram/posts/{post.pk}/").json()["views"] == 0
    assert api.get("/instagram/stories/271/").json()["views"] == 0

    counter.write()

    assert api.get(f"/instagram/posts/{post.pk}/").json()["views"] == 3
    assert api.get("/instagram/stories/271/").json()["views"] == 1
    counter.write()
    assert PostViews.objects.get().views == 4


def test_a_view_writes_nothing(api: APIClient, post: Post) -> None:
    with CaptureQueriesContext(connection) as queries:
        api.get(f"/instagram/posts/{post.pk}/")

    statements = [each["sql"].lstrip().split()[0] for each in queries.captured_queries]
    assert {*statements} <= {"SELECT", "WITH"}, statements


def test_all_views_of_a_minute_take_one_statement_for_each_kind(
    post: Post,
    counter: viewing.ViewCounter,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(100):
        counter.count(PostViews, f"{post.pk}{number % 10 or ''}")
    counter.count(StoryViews, "271")

    with django_assert_num_queries(2):
        counter.write()
    with django_assert_num_queries(0):
        counter.write()

    assert (PostViews.objects.get().views, StoryViews.objects.get().views) == (10, 1)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Sec-Purpose", "prefetch;prerender"),
        ("Purpose", "prefetch;prerender"),
        ("If-None-Match", '"of an earlier answer"'),
    ],
)
def test_fetching_ahead_and_asking_for_changes_is_no_view(
    api: APIClient, post: Post, counter: viewing.ViewCounter, header: str, value: str
) -> None:
    api.get(f"/instagram/posts/{post.pk}/", headers={header: value})
    api.get("/instagram/posts/999/")

    counter.write()

    assert not PostViews.objects.exists()


def test_processes_that_write_at_once_lose_no_view(post: Post) -> None:
    def write() -> None:
        for _ in range(20):
            PostViews.add({post.pk: 1})
        connection.close()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert PostViews.objects.get().views == 80


def test_memory_is_bounded(counter: viewing.ViewCounter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewing, "MAX_THINGS", 5)

    for number in range(50):
        counter.count(PostViews, str(number))

    assert len(counter._views) == 5
    counter.write()
