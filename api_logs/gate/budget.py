"""Reserves the price of a call before it is made, so that all workers together keep to the caps."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import F

from api_logs.connection import CONNECTION
from api_logs.gate import alarms
from api_logs.models import Alarm, Spending
from core.utils.errors import BudgetExhausted
from settings.current import CallLimits


def reserve(
    price: Decimal, limits: CallLimits, *, is_urgent: bool, now: datetime
) -> BudgetExhausted | None:
    """Add the price to the day of UTC; return the refusal if it would exceed the cap.

    Only an urgent call may exceed the soft cap. 1 statement, 3 for the first call of a day. The
    day's row stays locked until the transaction ends.
    """
    day = now.astimezone(UTC).date()
    caps = (limits.hard_cap,) if is_urgent else (limits.soft_cap, limits.hard_cap)
    cap = min((each for each in caps if each is not None), default=None)
    if _added(day, price, cap):
        return None
    Spending.objects.using(CONNECTION).bulk_create([Spending(day=day)], ignore_conflicts=True)
    if _added(day, price, cap):
        return None
    return _refusal(day, price, limits, now=now)


def refund(price: Decimal, day: date) -> None:
    """Subtract the price of a call that certainly was free from the day that it was added to."""
    Spending.objects.using(CONNECTION).filter(day=day).update(spent=F("spent") - price)


def _added(day: date, price: Decimal, cap: Decimal | None) -> bool:
    """Add the price if the cap allows it, and return whether it did."""
    # Check and sum are one statement: two calls must not both take the last of the budget.
    today = Spending.objects.using(CONNECTION).filter(day=day)
    if cap is not None:
        today = today.filter(spent__lte=cap - price)
    return bool(today.update(spent=F("spent") + price, calls=F("calls") + 1))


def _refusal(day: date, price: Decimal, limits: CallLimits, *, now: datetime) -> BudgetExhausted:
    today = Spending.objects.using(CONNECTION).get(day=day)
    kind, reached = Alarm.Kind.SOFT_CAP, "soft_cap_reached_at"
    if limits.hard_cap is not None and today.spent + price > limits.hard_cap:
        kind, reached = Alarm.Kind.HARD_CAP, "hard_cap_reached_at"
    text = f"{kind.label}: {today.spent} USD are spent or reserved on {day}"
    # The first refusal of a day raises the alarm. Later ones would only repeat it.
    first = Spending.objects.using(CONNECTION).filter(day=day, **{reached: None})
    if first.update(**{reached: now}):
        alarms.raise_alarm(Alarm(kind=kind, message=text, first_at=now, last_at=now))
    midnight = datetime.combine(day + timedelta(days=1), time(), UTC)
    return BudgetExhausted(text, retry_after=(midnight - now).total_seconds())
