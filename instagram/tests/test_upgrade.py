"""An upgrade from the first version keeps all of its data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from rest_framework.test import APIClient

from core.db.search import document_grams
from instagram.models import Story, StreamPoll
from instagram.tests.archiving.test_replay import feed, replayed, stored
from storage.models import Asset

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
FIRST = [("instagram", "0001_initial")]
UNFOLDED = [("instagram", "0011_bounded_texts")]
SPLIT = [("instagram", "0009_sort_time"), ("storage", "0004_identity")]


def upgrade() -> None:
    """All migrations that are not applied."""
    executor = MigrationExecutor(connection)
    newest = executor.loader.graph.leaf_nodes()
    if executor.migration_plan(newest):  # without a plan it would still compute all states
        executor.migrate(newest)


@contextmanager
def downgraded(targets: list[tuple[str, str]]) -> Iterator[Any]:
    """The models of an earlier version, over its tables."""
    MigrationExecutor(connection).migrate(targets)
    try:
        yield MigrationExecutor(connection).loader.project_state(targets).apps
    finally:
        upgrade()


@pytest.fixture
def first_version() -> Iterator[Any]:
    """The first version."""
    with downgraded(FIRST) as apps:
        yield apps


@pytest.fixture
def before_joining() -> Iterator[Any]:
    """The last version that stored a picture with another extension as another file."""
    with downgraded(SPLIT) as apps:
        yield apps


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
    """A run whose streams ended at an hour of the day, with success or failure."""
    for hours, name, state in [
        (1, "profile", "succeeded"), (2, "profile", "succeeded"), (3, "profile", "failed"),
        (1, "stories", "succeeded"), (1, "posts", "failed"),
    ]:  # fmt: skip
        run = apps.get_model("instagram", "ArchiveRun").objects.create(user=user, state="failed")
        apps.get_model("instagram", "RunStream").objects.create(
            run=run, name=name, position=0, state=state, finished_at=NOON + timedelta(hours=hours)
        )


@pytest.mark.slow
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


def stored_asset(apps: Any, name: str, sha256: str, **facts: Any) -> Any:
    file, _ = apps.get_model("storage", "StoredFile").objects.get_or_create(
        sha256=sha256, defaults={"size": 1, "media_type": "image/jpeg", "extension": "jpg"}
    )
    made = asset(apps, name)
    apps.get_model("storage", "Asset").objects.filter(pk=made.pk).update(
        state="stored", file=file, **facts
    )
    return made


@pytest.mark.slow
def test_pictures_that_their_extensions_had_split_are_joined(
    before_joining: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    user = profile(before_joining, 1)
    first = stored_asset(before_joining, "a_n.jpg", "a" * 64)
    same = stored_asset(before_joining, "a_n.webp", "a" * 64)
    transcoded = stored_asset(before_joining, "a_n.heic", "b" * 64, role="cover")
    other = stored_asset(before_joining, "b_n.jpg", "c" * 64)
    video = stored_asset(before_joining, "a_n.mp4", "d" * 64, role="video")
    for number, shown in enumerate([first, same, transcoded, other]):
        before_joining.get_model("instagram", "Story").objects.create(
            story_id=str(number), user=user, image=shown, video=video,
            story_created_at=NOON, expires_at=NOON,
        )  # fmt: skip

    upgrade()

    shown = [*Story.objects.order_by("pk").values_list("image_id", flat=True)]
    assert shown == [first.pk, first.pk, first.pk, other.pk]
    assert {*Story.objects.values_list("video_id", flat=True)} == {video.pk}
    kept = dict(Asset.objects.values_list("source_name", "file__sha256"))
    assert kept == {
        "a_n.jpg": "a" * 64,
        f"a_n.heic#{transcoded.pk}": "b" * 64,
        "b_n.jpg": "c" * 64,
        "a_n.mp4": "d" * 64,
    }
    assert "2 files had been split" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("word", ["lodz", "łódź"])
def test_a_word_with_a_special_letter_is_found_by_the_plain_one(word: str) -> None:
    with downgraded(UNFOLDED) as apps:
        profile(apps, 1, search_text=" łodz", search_grams=document_grams(" łodz"))

    found = APIClient().get("/instagram/users/", {"search": word}).json()["results"]

    assert [each["username"] for each in found] == ["profile1"]
