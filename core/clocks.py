"""Stored times before which something must not happen, read with distrust.

A row keeps what a worker's clock said. Where that clock was ahead, or ours was set back, the time
lies later than any that the code sets: such a time is an error and must hold nothing up.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, QuerySet

# Clocks that agree to within so much are right; a larger difference deserves an alarm.
TOLERANCE = timedelta(minutes=5)


def set_right(
    rows: QuerySet[Any],
    field: str,
    *,
    longest: timedelta,
    now: datetime,
    instead: Mapping[str, datetime] | None = None,
) -> timedelta:
    """Take for now the times in `field` that lie later than `longest` from now, which none sets.

    `instead` holds other columns of the same rows and what they become. Returns by how much the
    latest time lay too late, zero where none does. Sends 1 statement, 2 where one does.
    """
    late = rows.filter(**{f"{field}__gt": now + longest + TOLERANCE})
    latest: datetime | None = late.aggregate(latest=Max(field))["latest"]
    if latest is None:
        return timedelta()
    late.update(**{field: now, **(instead or {})})
    return latest - now - longest
