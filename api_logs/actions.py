"""Actions of staff."""

from __future__ import annotations

from datetime import datetime

from api_logs.gate.providers import ProviderStateQuerySet
from api_logs.models.alarms import AlarmQuerySet


def resolve(alarms: AlarmQuerySet, *, by: str, now: datetime) -> int:
    """Resolve the open alarms among these, so that their calls are tried again; return how many."""
    return alarms.open().update(resolved_at=now, resolved_by=by)


def try_now(providers: ProviderStateQuerySet, *, now: datetime) -> int:
    """End pauses and breaks, so that the next calls go out; return the number of providers."""
    return providers.update(next_slot_at=now, failures=0, breaks=0, open_until=None)
