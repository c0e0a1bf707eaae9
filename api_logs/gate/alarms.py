"""Raises alarms, and tells which alarm stops a call. Everything runs in the caller's transaction.

All transactions lock in the same order, so that no two wait for each other: the provider, its
alarm, the day's budget, the budget's alarm.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F

from api_logs.connection import CONNECTION
from api_logs.models import Alarm
from core.utils.errors import (
    BadRequest,
    CallsStopped,
    CoreAPIError,
    Forbidden,
    NoCredit,
    Unauthorized,
)
from settings.current import CoreAPIConfig

log = structlog.get_logger(__name__)

# Seconds. Staff may resolve an alarm at any time, and waiting runs get no signal.
LOOK_AGAIN_AFTER = 300.0
OF_THE_PROVIDER = (Unauthorized, NoCredit)
OF_AN_ENDPOINT = (Forbidden, BadRequest)


def stop(provider: CoreAPIConfig, endpoint: str, *, now: datetime) -> CoreAPIError | None:
    """Return the error for a call that an open alarm stops; None if no alarm stops it. 1 statement.

    Resolves alarms about an earlier address or token.
    """
    for alarm in Alarm.objects.using(CONNECTION).stopping(provider.name, endpoint):
        if alarm.fingerprint == provider.fingerprint:
            return _refusal(alarm)
        alarm.resolved_at, alarm.resolved_by = now, "a new address or token"
        alarm.save(update_fields=["resolved_at", "resolved_by"])
    return None


def tell(error: CoreAPIError, provider: CoreAPIConfig, endpoint: str, *, now: datetime) -> None:
    """Raise an alarm if staff has to act on the error of a call."""
    if not isinstance(error, OF_THE_PROVIDER + OF_AN_ENDPOINT):
        return
    raise_alarm(
        Alarm(
            kind=error.code,
            provider=provider.name,
            endpoint=endpoint if isinstance(error, OF_AN_ENDPOINT) else "",
            message=str(error),
            fingerprint=provider.fingerprint,
            first_at=now,
            last_at=now,
        )
    )


def clock_ahead(provider: str, excess: timedelta, *, now: datetime) -> None:
    """Raise the alarm that a stored time was `excess` later than possible."""
    raise_alarm(
        Alarm(
            kind=Alarm.Kind.CLOCK_AHEAD,
            provider=provider,
            message=f"A time was stored that is {excess} too late, and is taken for now: "
            "the clock of a machine is or was ahead, or that of this one was set back.",
            first_at=now,
            last_at=now,
        )
    )


def raise_alarm(alarm: Alarm) -> None:
    """Save the alarm, or count it if the same alarm is open already. Only new alarms are logged."""
    if _counted(alarm):
        return
    try:
        with transaction.atomic(using=CONNECTION):
            alarm.save(using=CONNECTION)
    except IntegrityError:  # another worker was first
        _counted(alarm)
    else:
        transaction.on_commit(partial(_announce, alarm), using=CONNECTION)


def _counted(alarm: Alarm) -> bool:
    same = Alarm.objects.using(CONNECTION).open()
    same = same.filter(kind=alarm.kind, provider=alarm.provider, endpoint=alarm.endpoint)
    return bool(
        same.update(
            occurrences=F("occurrences") + 1,
            last_at=alarm.last_at,
            message=alarm.message,
            fingerprint=alarm.fingerprint,
        )
    )


def _announce(alarm: Alarm) -> None:
    log.error(
        "alarm.raised",
        kind=alarm.kind,
        provider=alarm.provider,
        endpoint=alarm.endpoint,
        message=alarm.message,
    )


def _refusal(alarm: Alarm) -> CoreAPIError:
    text = f"{alarm.provider}: stopped since {alarm.first_at:%Y-%m-%d %H:%M} UTC: {alarm.message}"
    if alarm.endpoint:
        # The caller then tries another endpoint with the same data.
        return Forbidden(text)
    return CallsStopped(text, retry_after=LOOK_AGAIN_AFTER)
