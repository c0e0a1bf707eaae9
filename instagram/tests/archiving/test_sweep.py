"""The sweep sends due runs to each queue, up to its limit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery.signals import before_task_publish
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from core.tasks import send, waiting
from instagram.models import ArchiveRun, User
from instagram.tasks import sweep_runs
from instagram.tasks.runs import MAX_WAITING
from tests.support.factories import PollFactory, RunFactory, StreamFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_queues")]

Nudged = dict[str, list[str]]


@pytest.fixture
def nudged() -> Iterator[Nudged]:
    """The runs sent to each queue, in order."""
    found: Nudged = defaultdict(list)

    def note(routing_key: str, body: Any, **_: object) -> None:
        found[routing_key].append(body[0][0])

    before_task_publish.connect(note, sender="instagram.archive_run", weak=False)
    yield found
    before_task_publish.disconnect(note, sender="instagram.archive_run")


def due(stream: str, *, since: int = 1, state: str = "pending", **facts: Any) -> ArchiveRun:
    """A run with one stream, due since so many minutes."""
    at = timezone.now() - timedelta(minutes=since)
    run: ArchiveRun = RunFactory.create(next_attempt_at=at, **facts)
    StreamFactory.create(run=run, name=stream, state=state)
    return run


def with_deadline(*, hours: int) -> User:
    """A profile with a deadline for its stories."""
    user: User = UserFactory.create()
    at = timezone.now() + timedelta(hours=hours)
    PollFactory.create(user=user, stream="stories", due_at=at, deadline_at=at)
    return user


def test_the_sweep_sends_runs_to_the_queues_of_their_streams(nudged: Nudged) -> None:
    scheduled = due("stories", is_scheduled=True)
    done = due("stories", is_scheduled=True, since=2, state="succeeded")
    asked = due("stories")

    sweep_runs()

    assert nudged == {"stories": [str(scheduled.pk)], "archive": [str(done.pk), str(asked.pk)]}


def test_a_backlog_of_backfills_keeps_no_stories_waiting(nudged: Nudged) -> None:
    for _ in range(MAX_WAITING + 1):
        due("posts", since=60)
    stories = due("stories", is_scheduled=True)

    sweep_runs()

    assert nudged["stories"] == [str(stories.pk)]
    assert len(nudged["archive"]) == MAX_WAITING


def test_stories_that_could_soon_expire_unseen_go_before_backfills_also_if_requested(
    nudged: Nudged,
) -> None:
    soon = due("stories", user=with_deadline(hours=3))
    later = due("stories", user=with_deadline(hours=9))
    seen = due("stories", user=with_deadline(hours=3), state="succeeded", since=2)

    sweep_runs()

    assert nudged == {"stories": [str(soon.pk)], "archive": [str(seen.pk), str(later.pk)]}


def test_a_queue_is_only_filled_up_however_often_it_is_swept() -> None:
    for _ in range(MAX_WAITING - 1):
        due("posts")

    sweep_runs()
    sweep_runs()

    assert waiting("archive") == MAX_WAITING


def test_a_full_queue_stops_no_other(nudged: Nudged) -> None:
    for _ in range(MAX_WAITING):
        send("instagram.dispatch", queue="archive")
    due("posts")
    stories = due("stories", is_scheduled=True)

    sweep_runs()

    assert nudged == {"stories": [str(stories.pk)]}


@pytest.mark.parametrize("runs", [1, 30])
def test_a_sweep_sends_a_statement_for_each_queue(
    django_assert_num_queries: DjangoAssertNumQueries, runs: int
) -> None:
    for _ in range(runs):
        due("posts")
        due("stories", is_scheduled=True)

    with django_assert_num_queries(2):
        sweep_runs()
