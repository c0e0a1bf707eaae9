"""Housekeeping: killed calls are closed, old rows go."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from api_logs import tasks
from api_logs.models import ABANDONED_AFTER, APIRequestLog
from config.schedules import SCHEDULES
from settings.models import ArchivingSetting

pytestmark = pytest.mark.django_db

State = APIRequestLog.State


def row(age: timedelta, **fields: Any) -> APIRequestLog:
    fields = {"endpoint": "user_posts", "price": Decimal("0.001")} | fields
    return APIRequestLog.objects.create(started_at=timezone.now() - age, **fields)


def test_a_killed_call_is_closed_as_unknown_and_may_be_charged() -> None:
    killed = row(ABANDONED_AFTER * 2)

    assert tasks.close_abandoned() == 1

    killed.refresh_from_db()
    assert (killed.state, killed.price) == (State.UNKNOWN, Decimal("0.001"))


def test_a_call_on_its_way_is_left_alone() -> None:
    row(ABANDONED_AFTER / 2)
    row(ABANDONED_AFTER * 2, state=State.COMPLETED)

    assert tasks.close_abandoned() == 0


def test_rows_past_their_retention_are_deleted() -> None:
    ArchivingSetting(api_log_retention_days=7).save()
    for days in (9, 8, 6):
        row(timedelta(days=days))

    assert tasks.delete_expired() == 2
    assert APIRequestLog.objects.count() == 1


@pytest.mark.slow
def test_many_rows_are_deleted_in_bounded_statements(django_assert_num_queries: Any) -> None:
    started_at = timezone.now() - timedelta(days=99)
    APIRequestLog.objects.bulk_create(
        APIRequestLog(endpoint="user_posts", price=0, started_at=started_at)
        for _ in range(2 * tasks.BATCH)
    )

    with django_assert_num_queries(6):  # the retention, two full batches, an empty one
        assert tasks.delete_expired() == 2 * tasks.BATCH


@pytest.mark.parametrize("task", [tasks.close_abandoned, tasks.delete_expired])
def test_tasks_have_names_that_the_schedule_knows(task: Any) -> None:
    assert task.name in {schedule.task for schedule in SCHEDULES}
