"""Old scheduled runs are deleted, except those that are still needed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from instagram.models import ArchiveRun, RejectedItem, RunStream, StreamPage, User
from instagram.tasks import delete_expired_runs, retention
from settings.models import ArchivingSetting
from tests.support.factories import RunFactory, StreamFactory, UserFactory

pytestmark = pytest.mark.django_db


def run_of(user: User, *, days: int, **facts: Any) -> ArchiveRun:
    """A scheduled run that ended so many days ago."""
    at = timezone.now() - timedelta(days=days)
    facts = {"is_scheduled": True, "state": "succeeded", "finished_at": at} | facts
    run: ArchiveRun = RunFactory.create(user=user, created_at=at, **facts)
    StreamPage.objects.create(stream=StreamFactory.create(run=run), ids=["1"])
    return run


@pytest.fixture
def user() -> User:
    """A profile whose newest run ended yesterday."""
    user: User = UserFactory.create()
    run_of(user, days=1)
    return user


def test_old_runs_of_the_schedule_are_deleted_with_their_streams(user: User) -> None:
    for days in (91, 92, 300):
        run_of(user, days=days, state="failed" if days == 300 else "succeeded")
    run_of(user, days=89)

    assert delete_expired_runs() == 3
    assert (ArchiveRun.objects.count(), RunStream.objects.count()) == (2, 2)
    assert StreamPage.objects.count() == 2


def test_staff_decides_for_how_long_runs_are_kept(user: User) -> None:
    run_of(user, days=9)
    ArchivingSetting(run_retention_days=7).save()

    assert delete_expired_runs() == 1


def test_the_newest_run_of_a_profile_stays_however_old_it_is() -> None:
    user = UserFactory.create()
    run_of(user, days=300)
    newest = run_of(user, days=200)

    delete_expired_runs()

    assert ArchiveRun.objects.get() == newest


@pytest.mark.parametrize(
    "facts", [{"is_scheduled": False}, {"state": "queued", "finished_at": None}]
)
def test_requested_runs_and_active_runs_are_kept(user: User, facts: dict[str, Any]) -> None:
    run = run_of(user, days=300, **facts)

    assert delete_expired_runs() == 0
    assert ArchiveRun.objects.contains(run)


def test_a_run_with_rejected_items_is_kept(user: User) -> None:
    stream = run_of(user, days=300).streams.get()
    RejectedItem.objects.create(stream=stream, path="posts[1]", error="?")

    assert delete_expired_runs() == 0


def test_a_batch_takes_few_statements(
    user: User,
    django_assert_num_queries: DjangoAssertNumQueries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "BATCH", 10)
    for days in range(100, 120):
        run_of(user, days=days)

    # additions, the retention, two batches with a savepoint around what they delete, an empty one
    with django_assert_num_queries(1 + 1 + 2 * (4 + 2) + 1):
        assert delete_expired_runs() == 20
