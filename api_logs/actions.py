"""What staff can ask for here."""

from __future__ import annotations

from datetime import datetime

from api_logs.models.alarms import AlarmQuerySet


def resolve(alarms: AlarmQuerySet, *, by: str, now: datetime) -> int:
    """End the open ones among them, so that the calls they stop are tried again; how many."""
    return alarms.open().update(resolved_at=now, resolved_by=by)
