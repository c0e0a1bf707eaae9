"""Retries transactions that PostgreSQL rolled back because of another transaction.

All code locks rows in one order, so that transactions wait for each other instead of deadlocking:
accounts, advisory locks, users, runs and their streams, posts, stories, assets, files; rows of one
table in the order of their keys. Locks use `no_key=True` unless a key changes, because inserting a
row takes a share lock on the row that it refers to. Only deletion takes the full lock. The
remaining conflicts end with one of CONFLICTS and are retried here: with a removal that locks files
in the order of their hashes, or with a transaction that inserts the same row.
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
# deadlock_detected, serialization_failure, unique_violation: another attempt finds the other row.
CONFLICTS = frozenset({"40P01", "40001", "23505"})
# SQLSTATE classes that recur for the same values: data_exception, feature_not_supported.
PERMANENT_CLASSES = frozenset({"22", "0A"})


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's five-character error code; "" if there is none."""
    return getattr(error.__cause__, "sqlstate", None) or ""


def is_conflict(error: Exception) -> bool:
    """Whether another transaction caused the error, so that a retry may succeed immediately."""
    return isinstance(error, DatabaseError) and sqlstate(error) in CONFLICTS


def is_permanent(error: DatabaseError) -> bool:
    """Whether writing the same values will always fail."""
    return sqlstate(error)[:2] in PERMANENT_CLASSES


def retry_on_conflict(work: Callable[P, R]) -> Callable[P, R]:
    """Call the function up to MAX_ATTEMPTS times after conflicts, with backoff and jitter.

    The function opens its own transaction and has no effects outside of it. Inside a transaction of
    the caller it is called once, because a conflict rolls all of that back; the caller must retry.
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
