"""Waiting for what another thread or process brings about."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.db import connection

# Of this database alone: another test process has its own in the same cluster.
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def wait_until(fact: Callable[[], object]) -> None:
    """Return once it is so; fails the test after half a minute."""
    deadline = time.monotonic() + 30
    while not fact():
        assert time.monotonic() < deadline, "it did not happen within 30 seconds"
        time.sleep(0.01)


def somebody_waits() -> bool:
    """Whether another connection waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # kept within a transaction otherwise
        cursor.execute(WAITING)
        return bool(cursor.fetchall()[0][0])
