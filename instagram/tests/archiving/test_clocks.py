"""Times stored by a wrong clock are corrected, and raise an alarm."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db.models import Model
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from api_logs.models import Alarm
from instagram.archiving.clocks import end_impossible_waits
from instagram.archiving.schedule.intervals import MAX_INTERVAL
from instagram.models import ArchiveRun, StreamPoll, runs
from storage.models import Asset, StoredFile, assets
from tests.support.factories import AssetFactory, StoredFileFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])
DAY = timedelta(days=1)


def run() -> ArchiveRun:
    return ArchiveRun.objects.create(user=UserFactory.create(), state="running")


def file() -> Asset:
    return AssetFactory.create()


def expired_file() -> Asset:
    return AssetFactory.create(state=Asset.State.EXPIRED)


def unread_bytes() -> StoredFile:
    return StoredFileFactory.create(enriched_at=None)


def poll() -> StreamPoll:
    now = timezone.now()
    return StreamPoll.objects.create(
        user=UserFactory.create(), stream="posts", due_at=now, deadline_at=now + DAY
    )


WAITS = pytest.mark.parametrize(
    ("make", "field", "longest"),
    [
        (run, "next_attempt_at", runs.MAX_PAUSE),
        (run, "leased_until", runs.LEASE),
        (file, "next_attempt_at", assets.MAX_BACKOFF),
        (file, "leased_until", assets.LEASE),
        (expired_file, "next_attempt_at", assets.MAX_BACKOFF),
        (unread_bytes, "enrichment_lease_until", timedelta(minutes=1)),
        (poll, "due_at", MAX_INTERVAL),
    ],
)


def set_to(row: Model, field: str, moment: datetime) -> None:
    type(row)._base_manager.filter(pk=row.pk).update(**{field: moment})


def get(row: Model, field: str) -> datetime:
    moment: datetime = type(row)._base_manager.values_list(field, flat=True).get(pk=row.pk)
    return moment


@WAITS
def test_a_time_that_only_a_wrong_clock_can_set_is_over(
    make: Callable[[], Model], field: str, longest: timedelta
) -> None:
    now, row = timezone.now(), make()
    set_to(row, field, now + longest + DAY)

    excess = end_impossible_waits(now=now)

    assert get(row, field) == now
    assert excess == DAY
    assert Alarm.objects.get().kind == Alarm.Kind.CLOCK_AHEAD


@WAITS
def test_the_longest_time_that_can_be_is_kept(
    make: Callable[[], Model], field: str, longest: timedelta
) -> None:
    now, row = timezone.now(), make()
    set_to(row, field, now + longest)

    end_impossible_waits(now=now)

    assert get(row, field) == now + longest
    assert not Alarm.objects.exists()


def test_a_poll_that_was_made_in_the_future_is_made_again_now() -> None:
    now, row = timezone.now(), poll()
    StreamPoll.objects.update(polled_at=now + DAY, due_at=now + 2 * DAY)

    end_impossible_waits(now=now)

    row.refresh_from_db()
    assert (row.polled_at, row.due_at) == (now, now)


def test_seven_statements_are_sent_if_all_clocks_are_right(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    run(), file(), unread_bytes(), poll()

    with django_assert_num_queries(7):
        end_impossible_waits(now=timezone.now())
