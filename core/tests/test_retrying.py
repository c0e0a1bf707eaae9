"""Transactions that meet each other end well."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import pytest
from django.db import OperationalError, connection, transaction
from psycopg.errors import AdminShutdown, DeadlockDetected, SerializationFailure

from core.db.retrying import MAX_ATTEMPTS, retried
from core.models import WorkerHeartbeat

pytestmark = pytest.mark.django_db(transaction=True)


class Failing:
    """Work that fails as PostgreSQL does, a number of times."""

    def __init__(self, cause: Exception, times: int) -> None:
        self.cause, self.times, self.calls = cause, times, 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.times:
            raise OperationalError from self.cause
        return "done"


@pytest.mark.parametrize("cause", [DeadlockDetected(), SerializationFailure()])
def test_a_conflict_is_tried_again(cause: Exception) -> None:
    work = Failing(cause, times=MAX_ATTEMPTS - 1)

    assert retried(work.__call__)() == "done"


@pytest.mark.parametrize(("cause", "calls"), [(DeadlockDetected(), 5), (AdminShutdown(), 1)])
def test_what_does_not_pass_is_raised(cause: Exception, calls: int) -> None:
    work = Failing(cause, times=99)

    with pytest.raises(OperationalError):
        retried(work.__call__)()
    assert work.calls == calls


def test_inside_a_transaction_the_outermost_begins_again() -> None:
    work = Failing(DeadlockDetected(), times=1)

    with pytest.raises(OperationalError), transaction.atomic():
        retried(work.__call__)()
    assert work.calls == 1


def test_two_that_lock_rows_in_opposite_orders_both_end_well() -> None:
    for name in ("a", "b"):
        WorkerHeartbeat.beat(name)
    first, second = WorkerHeartbeat.objects.order_by("pk")
    together = Barrier(2)

    @retried
    def update(*rows: WorkerHeartbeat) -> None:
        with transaction.atomic():
            for row in rows:
                WorkerHeartbeat.objects.select_for_update().get(pk=row.pk)
                with suppress(BrokenBarrierError):  # whoever begins again comes alone
                    together.wait(timeout=1)

    def both(*rows: WorkerHeartbeat) -> bool:
        try:
            update(*rows)
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(both, first, second), pool.submit(both, second, first)]

    assert [end.result() for end in ends] == [True, True]
