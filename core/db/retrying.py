"""The one place where a transaction that lost against another is tried again.

Rows are locked in one order, so that transactions wait for each other instead of deadlocking:
advisory locks, users, runs and their streams, posts, stories, assets, files; of each kind in the
order of their keys. Where no key changes the mode is `no_key=True`, which foreign keys leave alone:
inserting a row takes a share of the row it points at. Only what deletes rows takes the full lock.
What still collides, such as a removal that locks files in the order of their hashes, ends in one
of CONFLICTS, and PostgreSQL has rolled one side back.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import stamina
from django.db import DatabaseError, transaction

P = ParamSpec("P")
R = TypeVar("R")

MAX_ATTEMPTS = 5
CONFLICTS = frozenset({"40P01", "40001"})  # deadlock_detected, serialization_failure
# Classes of SQLSTATE that the same values raise again: data_exception, feature_not_supported.
PERMANENT_CLASSES = frozenset({"22", "0A"})


def sqlstate(error: BaseException) -> str:
    """The five characters with which PostgreSQL names the error; "" where it said nothing."""
    return getattr(error.__cause__, "sqlstate", None) or ""


def is_conflict(error: Exception) -> bool:
    """Whether another transaction was in the way, so that the same work may succeed at once."""
    return isinstance(error, DatabaseError) and sqlstate(error) in CONFLICTS


def is_permanent(error: DatabaseError) -> bool:
    """Whether the same values will raise the error again, however often they are written."""
    return sqlstate(error)[:2] in PERMANENT_CLASSES


def retry_on_conflict(work: Callable[P, R]) -> Callable[P, R]:
    """Call again after a conflict, MAX_ATTEMPTS times in all, with growing pauses and jitter.

    The function opens its transaction itself and leaves nothing behind when that is rolled back.
    Inside a transaction of the caller nothing is tried again: all of it is rolled back, and the
    caller is the one to begin again.
    """

    @wraps(work)
    def retrying(*args: P.args, **kwargs: P.kwargs) -> R:
        if transaction.get_connection().in_atomic_block:
            return work(*args, **kwargs)
        return _RETRIES(work, *args, **kwargs)

    return retrying


_RETRIES = stamina.RetryingCaller(
    attempts=MAX_ATTEMPTS, timeout=15, wait_initial=0.05, wait_max=1, wait_jitter=0.2
).on(is_conflict)
