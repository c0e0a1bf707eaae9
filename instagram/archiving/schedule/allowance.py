"""Decides which streams can be polled now, so that no run is created that could only wait."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from api_logs.models import Alarm, Spending
from core.utils.core_api import checked
from core.utils.errors import NotConfigured
from core.utils.instagram_api import ENDPOINTS
from instagram.models import RunStream
from settings import current
from settings.current import CoreAPIConfig

DEAREST = max(endpoint.price for endpoint in ENDPOINTS.values())
NONE: tuple[str, ...] = ()
STORIES: tuple[str, ...] = (RunStream.Name.STORIES,)
ALL: tuple[str, ...] = tuple(RunStream.Name)


def affordable_streams(*, now: datetime) -> tuple[str, ...]:
    """The streams that may be polled now: all, only stories above the soft cap, or none.

    None while staff has stopped all calls, the hard cap is used up, or every provider lacks
    configuration, authorization or credit. Sends 5 statements, and one more for each provider.
    """
    # Only an estimate of what is worth starting: the gate decides on each call.
    limits = current.call_limits()
    if limits.calls_stopped or not any(map(_can_answer, current.core_apis())):
        return NONE
    day = Spending.objects.filter(day=now.astimezone(UTC).date())
    spent = day.values_list("spent", flat=True).first() or Decimal(0)
    if _is_over(limits.hard_cap, spent):
        return NONE
    return STORIES if _is_over(limits.soft_cap, spent) else ALL


def _is_over(cap: Decimal | None, spent: Decimal) -> bool:
    return cap is not None and spent + DEAREST > cap


def _can_answer(provider: CoreAPIConfig) -> bool:
    try:
        checked(provider)
    except NotConfigured:
        return False
    # An alarm belongs to a token and address: with new ones the provider may be tried again.
    stopping = Alarm.objects.stopping(provider.name, endpoint="")
    return all(alarm.fingerprint != provider.fingerprint for alarm in stopping)
