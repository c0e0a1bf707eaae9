"""What the Core API costs: by day, by endpoint and by target. Four queries.

Days come from the spending, which is kept for ever; endpoints and targets from the log, so only as
far back as that is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import Count, Sum

from api_logs.models import APIRequestLog, Spending
from settings import current
from settings.current import CallLimits

TOP_TARGETS = 10


@dataclass(frozen=True, slots=True)
class Cost:
    """Calls and their price in USD; of an endpoint or a target."""

    name: str
    calls: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class DayCost:
    """What one day of UTC cost, calls under way included."""

    day: date
    calls: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Costs:
    """The last days with today, and what staff allows; days without a call are left out."""

    days: tuple[DayCost, ...]
    endpoints: tuple[Cost, ...]
    targets: tuple[Cost, ...]
    today: DayCost
    limits: CallLimits


def costs(*, days: int, now: datetime) -> Costs:
    """The costs of that many days of UTC, today the last of them; dearest first, newest first."""
    today = now.astimezone(UTC).date()
    first = today - timedelta(days=days - 1)
    spent = tuple(_days(first))
    since = datetime.combine(first, time(), UTC)
    return Costs(
        days=spent,
        endpoints=tuple(_dearest("endpoint", since)),
        targets=tuple(_dearest("target", since, most=TOP_TARGETS)),
        today=next((each for each in spent if each.day == today), DayCost(today, 0, Decimal(0))),
        limits=current.call_limits(),
    )


def _days(first: date) -> Iterator[DayCost]:
    for row in Spending.objects.filter(day__gte=first).order_by("-day"):
        yield DayCost(row.day, row.calls, row.spent)


def _dearest(column: str, since: datetime, *, most: int = 100) -> list[Cost]:
    """The log since then, summed up for each value of the column."""
    rows = APIRequestLog.objects.filter(started_at__gte=since).exclude(**{column: ""})
    sums = rows.values_list(column).annotate(calls=Count("pk"), cost=Sum("price"))
    return [Cost(*row) for row in sums.order_by("-cost", "-calls", column)[:most]]
