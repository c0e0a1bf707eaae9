"""Tries a transaction again that PostgreSQL ended because of another one.

Rows are locked in one order: advisory locks of `persist.locks`, profiles, runs, posts, assets,
files, and of each kind in the order of their keys. They are locked with `no_key`, which leaves
foreign keys alone, except where rows are deleted. What still meets (a cascade, an index) is a
deadlock or a serialization failure: PostgreSQL rolls one of the two back, and it may begin again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import stamina
from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected, SerializationFailure

MAX_ATTEMPTS = 5
CONFLICTS = (DeadlockDetected, SerializationFailure)

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def is_conflict(error: Exception) -> bool:
    """Whether the error says that another transaction was in the way, and this one is undone."""
    return isinstance(error, OperationalError) and isinstance(error.__cause__, CONFLICTS)


def retried(work: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Run the function again, up to MAX_ATTEMPTS times in all, while others are in its way.

    To be put around `transaction.atomic`. Inside a transaction the function runs once: only the
    outermost one can begin again.
    """
    begin_again = stamina.retry(
        on=is_conflict, attempts=MAX_ATTEMPTS, wait_initial=0.02, wait_max=0.5, timeout=None
    )(work)

    @wraps(work)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        return (work if connection.in_atomic_block else begin_again)(*args, **kwargs)

    return run
