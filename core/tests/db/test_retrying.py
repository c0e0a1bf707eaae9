"""Transactions are retried after conflicts, and only then."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import stamina
from django.db import DatabaseError, OperationalError, connection, connections, transaction

from core.db.retrying import MAX_ATTEMPTS, is_permanent, retry_on_conflict, sqlstate

pytestmark = pytest.mark.django_db(transaction=True)

LOCK = "SELECT pg_advisory_xact_lock(77, %s)"
RAISE = "DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '{}'; END $$"


def execute(statement: str, *parameters: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)


@contextmanager
def without_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=MAX_ATTEMPTS):
        yield


def failing(code: str, *, times: int) -> tuple[Callable[[], str], list[int]]:
    """A function that fails with the SQLSTATE `times` times, and the list of its calls."""
    calls: list[int] = []

    @retry_on_conflict
    @transaction.atomic
    def work() -> str:
        calls.append(1)
        if len(calls) <= times:
            execute(RAISE.format(code))
        return "done"

    return work, calls


@pytest.mark.parametrize("code", ["40P01", "40001", "23505"])
def test_a_conflict_is_retried(code: str) -> None:
    work, calls = failing(code, times=2)

    with without_pauses():
        assert work() == "done"
    assert len(calls) == 3


def test_a_permanent_conflict_is_raised_in_the_end() -> None:
    work, calls = failing("40P01", times=99)

    with without_pauses(), pytest.raises(OperationalError):
        work()
    assert len(calls) == MAX_ATTEMPTS


@pytest.mark.parametrize("code", ["22001", "23503", "57014"])
def test_another_error_is_not_retried(code: str) -> None:
    work, calls = failing(code, times=1)

    with without_pauses(), pytest.raises(DatabaseError):
        work()
    assert len(calls) == 1


def test_inside_a_transaction_nothing_is_retried() -> None:
    work, calls = failing("40P01", times=1)

    with without_pauses(), pytest.raises(OperationalError), transaction.atomic():
        work()
    assert len(calls) == 1


@pytest.mark.slow
def test_two_transactions_that_lock_in_opposite_order_both_succeed() -> None:
    barrier = threading.Barrier(2)

    def lock(first: int, second: int) -> None:
        met: list[int] = []

        @retry_on_conflict
        @transaction.atomic
        def work() -> None:
            execute(LOCK, first)
            if not met:
                met.append(barrier.wait(10))
            execute(LOCK, second)

        try:
            work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        futures = [threads.submit(lock, 1, 2), threads.submit(lock, 2, 1)]
        assert [future.result(30) for future in futures] == [None, None]


@pytest.mark.parametrize(
    ("code", "permanent"), [("22001", True), ("0A000", True), ("40P01", False)]
)
def test_errors_caused_by_values_are_permanent(code: str, *, permanent: bool) -> None:
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        execute(RAISE.format(code))

    assert sqlstate(caught.value) == code
    assert is_permanent(caught.value) is permanent
