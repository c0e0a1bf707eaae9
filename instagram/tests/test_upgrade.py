"""An archive of the first version after an upgrade: nothing that it knew is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from rest_framework.test import APIClient

from instagram.models import StreamPoll
from instagram.tests.archiving.test_replay import feed, replayed, stored

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
FIRST = [("instagram", "0001_initial")]


def upgrade() -> None:
    """All migrations."""
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.fixture
def first_version() -> Iterator[Any]:
    """The models of the first version, over its tables."""
    MigrationExecutor(connection).migrate(FIRST)
    try:
        yield MigrationExecutor(connection).loader.project_state(FIRST).apps
    finally:
        upgrade()


def profile(apps: Any, number: int, **facts: Any) -> Any:
    model = apps.get_model("instagram", "User")
    known = {"availability": "live", "api_updated_at": NOON, "full_name": "Ada", "biography": ""}
    return model.objects.create(
        username=f"profile{number}", instagram_id=str(number), **{**known, **facts}
    )


def asset(apps: Any, name: str) -> Any:
    model = apps.get_model("storage", "Asset")
    return model.objects.create(
        owner_kind="post", owner_id="1", role="image", source_name=name, url=f"https://x/{name}?s"
    )


def ran(apps: Any, user: Any) -> None:
    """A run whose streams ended at some hour of the day, well or not."""
    for hours, name, state in [
        (1, "profile", "succeeded"), (2, "profile", "succeeded"), (3, "profile", "failed"),
        (1, "stories", "succeeded"), (1, "posts", "failed"),
    ]:  # fmt: skip
        run = apps.get_model("instagram", "ArchiveRun").objects.create(user=user, state="failed")
        apps.get_model("instagram", "RunStream").objects.create(
            run=run, name=name, position=0, state=state, finished_at=NOON + timedelta(hours=hours)
        )


def test_the_feed_and_the_polls_begin_with_all_that_was_known(
    first_version: Any, api: APIClient
) -> None:
    user = profile(
        first_version, 1, picture=asset(first_version, "me.jpg"), bio_links=["https://x"]
    )
    ran(first_version, user)
    coauthor = profile(first_version, 2, availability="unknown", api_updated_at=None)
    own = {"user": user, "availability": "live"}
    post = first_version.get_model("instagram", "Post").objects.create(
        id="1", variant="carousel", caption="", post_created_at=NOON, location={"name": "X"}, **own
    )
    post.coauthors.add(coauthor)
    for position, name in enumerate(["b", "a", "gone"]):
        first_version.get_model("instagram", "PostMedia").objects.create(
            post=post,
            instagram_id=name,
            position=position,
            image=asset(first_version, f"{name}.jpg"),
            removed_at=NOON if name == "gone" else None,
        )
    first_version.get_model("instagram", "Story").objects.create(
        story_id="5", story_created_at=NOON, expires_at=NOON + timedelta(days=1),
        image=asset(first_version, "s.jpg"), **own,
    )  # fmt: skip

    upgrade()

    changes = feed(api)
    assert [change["event"] for change in changes] == ["appeared"] * 3
    assert replayed(changes) == stored()
    polls = StreamPoll.objects.filter(user=user.pk).values_list("stream", "polled_at")
    assert dict(polls) == {
        "profile": NOON + timedelta(hours=2),
        "stories": NOON + timedelta(hours=1),
    }
