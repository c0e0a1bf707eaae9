"""Raises alarms, and says which of them stops a call. All of it inside the caller's transaction.

Transactions lock in one order, so that no two wait for each other: the provider, its alarm, the
day's budget, the budget's alarm.
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

# Staff may resolve an alarm at any time; nobody is told of it.
LOOK_AGAIN_AFTER = 300.0
OF_THE_PROVIDER = (Unauthorized, NoCredit)
OF_AN_ENDPOINT = (Forbidden, BadRequest)


def stop(provider: CoreAPIConfig, endpoint: str, *, now: datetime) -> CoreAPIError | None:
    """The error for a call that an open alarm stops; None where none does.

    An alarm about another address or token than the present ones is resolved. 1 statement.
    """
    for alarm in Alarm.objects.using(CONNECTION).stopping(provider.name, endpoint):
        if alarm.fingerprint == provider.fingerprint:
            return _refusal(alarm)
        alarm.resolved_at, alarm.resolved_by = now, "a new address or token"
        alarm.save(update_fields=["resolved_at", "resolved_by"])
    return None


def tell(error: CoreAPIError, provider: CoreAPIConfig, endpoint: str, *, now: datetime) -> None:
    """Raise the alarm that the error of a call deserves, if any."""
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
    """Tell that a time was stored which lies so much further ahead than any that can be."""
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
    """Save the alarm, or count it where such a one is open. Only a new one is logged."""
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
    """Of an endpoint: the error that leads to its sister. Of a provider: wait for staff."""
    text = f"{alarm.provider}: stopped since {alarm.first_at:%Y-%m-%d %H:%M} UTC: {alarm.message}"
    if alarm.endpoint:
        return Forbidden(text)
    return CallsStopped(text, retry_after=LOOK_AGAIN_AFTER)
