"""Stored times before which something must not happen, read with distrust.

A row keeps what a worker's clock said. Where that clock was ahead, or ours was set back, the time
lies later than any that the code sets: such a time is an error and holds nothing up.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

# Clocks that agree to within so much are right; a larger difference deserves an alarm.
TOLERANCE = timedelta(minutes=5)


def is_over(field: str, now: datetime, *, longest: timedelta) -> Q:
    """Rows whose time in `field` has come, or is later than `longest` from now, which none sets."""
    return Q((f"{field}__lte", now)) | Q((f"{field}__gt", now + longest + TOLERANCE))
