"""What staff can ask for here."""

from __future__ import annotations

from datetime import datetime

from api_logs.gate.providers import ProviderStateQuerySet
from api_logs.models.alarms import AlarmQuerySet


def resolve(alarms: AlarmQuerySet, *, by: str, now: datetime) -> int:
    """End the open ones among them, so that the calls they stop are tried again; how many."""
    return alarms.open().update(resolved_at=now, resolved_by=by)


def try_now(providers: ProviderStateQuerySet, *, now: datetime) -> int:
    """End the pauses and breaks of the providers, so that the next call goes out; how many."""
    return providers.update(next_slot_at=now, failures=0, breaks=0, open_until=None)
