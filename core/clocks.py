"""Corrects stored times that are later than the code ever sets.

A row keeps a time computed from a worker's clock. If that clock was ahead, or ours was set back,
the time would hold up the row for too long.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, QuerySet

# Smaller differences between clocks are normal; larger ones raise an alarm.
TOLERANCE = timedelta(minutes=5)


def set_right(
    rows: QuerySet[Any],
    field: str,
    *,
    longest: timedelta,
    now: datetime,
    instead: Mapping[str, datetime] | None = None,
) -> timedelta:
    """Set times in `field` that are more than `longest` in the future to now.

    `instead` holds other columns to update in the same rows. Returns how far the latest time
    exceeded the limit, zero if none did. Sends 1 statement, 2 if a time was corrected.
    """
    late = rows.filter(**{f"{field}__gt": now + longest + TOLERANCE})
    latest: datetime | None = late.aggregate(latest=Max(field))["latest"]
    if latest is None:
        return timedelta()
    late.update(**{field: now, **(instead or {})})
    return latest - now - longest
