"""Waits until another thread or process has done something."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.db import connection

# Only in this database: other test processes have theirs in the same cluster.
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def wait_until(fact: Callable[[], object]) -> None:
    """Return when `fact` is true. Fails the test after 30 seconds."""
    deadline = time.monotonic() + 30
    while not fact():
        assert time.monotonic() < deadline, "it did not happen within 30 seconds"
        time.sleep(0.01)


def lock_is_awaited() -> bool:
    """Whether another connection waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_stat_clear_snapshot()"
        )  # a transaction would see the same statistics each time
        cursor.execute(WAITING)
        return bool(cursor.fetchall()[0][0])
