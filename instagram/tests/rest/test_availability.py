"""Availability over REST: missing and deleted rows, and when they were last seen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.support.factories import (
    NOON,
    HighlightFactory,
    PollFactory,
    PostFactory,
    RunFactory,
    StoryFactory,
    StreamFactory,
    UserFactory,
)

FACTORIES: dict[str, Any] = {
    "users": UserFactory,
    "posts": PostFactory,
    "stories": StoryFactory,
    "highlights": HighlightFactory,
}
EARLIER = NOON - timedelta(days=3)
GONE = {
    "availability": "deleted",
    "last_seen_at": EARLIER,
    "first_missed_at": NOON - timedelta(days=2),
    "confirmed_at": NOON - timedelta(days=1),
}


def poll(user: Any, *streams: str) -> None:
    for stream in streams:
        PollFactory.create(user=user, stream=stream)


@pytest.mark.parametrize("kind", FACTORIES)
def test_a_list_can_be_filtered_by_availability(api: APIClient, kind: str) -> None:
    wanted = FACTORIES[kind].create(availability="deleted")
    FACTORIES[kind].create(availability="live")

    results = api.get(f"/instagram/{kind}/", {"availability": "deleted"}).json()["results"]

    assert [item["availability"] for item in results] == ["deleted"]
    assert str(wanted.pk) in results[0].values()


@pytest.mark.parametrize("kind", FACTORIES)
def test_an_unknown_availability_is_refused(api: APIClient, kind: str) -> None:
    response = api.get(f"/instagram/{kind}/", {"availability": "gone"})

    assert (response.status_code, list(response.json())) == (400, ["availability"])


@pytest.mark.parametrize("kind", FACTORIES)
def test_a_deleted_row_was_last_seen_before_its_first_miss(api: APIClient, kind: str) -> None:
    row = FACTORIES[kind].create(**GONE)
    poll(getattr(row, "user", row), "profile", "posts", "stories", "highlights")

    body = api.get(f"/instagram/{kind}/{row.pk}/").json()

    assert {name: body[name] for name in GONE} == {
        "availability": "deleted",
        "last_seen_at": "2025-02-26T12:00:00Z",
        "first_missed_at": "2025-02-27T12:00:00Z",
        "confirmed_at": "2025-02-28T12:00:00Z",
    }


@pytest.mark.parametrize(
    ("kind", "stream", "facts"),
    [
        ("users", "profile", {}),
        ("users", "profile", {"availability": "private"}),
        ("posts", "posts", {"in_grid": True}),
        ("posts", "reels", {"in_reels": True}),
        ("highlights", "highlights", {}),
    ],
)
def test_a_live_row_was_last_seen_by_the_last_poll(
    api: APIClient, kind: str, stream: str, facts: dict[str, Any]
) -> None:
    row = FACTORIES[kind].create(**{"availability": "live", "last_seen_at": EARLIER, **facts})
    poll(getattr(row, "user", row), stream)

    assert api.get(f"/instagram/{kind}/{row.pk}/").json()["last_seen_at"] == "2025-03-01T12:00:00Z"


def test_a_poll_of_the_grid_has_not_seen_a_post_of_the_reels(api: APIClient) -> None:
    post = PostFactory.create(availability="live", last_seen_at=EARLIER, in_reels=True)
    poll(post.user, "posts")

    body = api.get(f"/instagram/posts/{post.pk}/").json()

    assert body["last_seen_at"] == "2025-02-26T12:00:00Z"


def test_an_expired_story_was_last_seen_by_the_last_poll_before_its_end(api: APIClient) -> None:
    story = StoryFactory.create(availability="live", last_seen_at=EARLIER, expires_at=NOON)
    for hours, state in [(-5, "succeeded"), (-3, "succeeded"), (-1, "failed"), (1, "succeeded")]:
        then = NOON + timedelta(hours=hours)
        run = RunFactory.create(user=story.user, state="succeeded", created_at=then)
        StreamFactory.create(run=run, name="stories", state=state, finished_at=then)

    body = api.get(f"/instagram/stories/{story.pk}/").json()

    assert (body["availability"], body["last_seen_at"]) == ("live", "2025-03-01T09:00:00Z")


def test_a_row_without_a_poll_was_seen_when_it_was_stored(api: APIClient) -> None:
    post = PostFactory.create(availability="live", last_seen_at=EARLIER)

    body = api.get(f"/instagram/posts/{post.pk}/").json()

    assert body["last_seen_at"] == "2025-02-26T12:00:00Z"


def test_a_run_shows_the_error_that_it_waits_for(api: APIClient) -> None:
    run = RunFactory.create(is_scheduled=True, waits_for="BudgetExhausted")

    body = api.get(f"/instagram/runs/{run.pk}/").json()

    assert (body["is_scheduled"], body["waits_for"]) == (True, "BudgetExhausted")
