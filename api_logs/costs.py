"""What the Core API costs: by day, by endpoint and by target. Four queries.

Days come from the spending, which is never deleted. Endpoints and targets come from the log, so
they reach back only as far as its retention.
"""

from __future__ import annotations

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
    """Calls to one endpoint or for one target, and their price in USD."""

    name: str
    calls: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class DayCost:
    """The cost of one day of UTC, including calls that have not ended."""

    day: date
    calls: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Costs:
    """The costs of some days up to today, and the caps. Days without a call are left out."""

    days: tuple[DayCost, ...]
    endpoints: tuple[Cost, ...]
    targets: tuple[Cost, ...]
    today: DayCost
    limits: CallLimits


def costs(*, days: int, now: datetime) -> Costs:
    """Sum up that many days of UTC, ending today.

    Days come newest first, endpoints and targets dearest first.
    """
    today = now.astimezone(UTC).date()
    first = today - timedelta(days=days - 1)
    rows = Spending.objects.filter(day__gte=first).order_by("-day")
    spent = tuple(DayCost(row.day, row.calls, row.spent) for row in rows)
    since = datetime.combine(first, time(), UTC)
    return Costs(
        days=spent,
        endpoints=tuple(_dearest("endpoint", since)),
        targets=tuple(_dearest("target", since, limit=TOP_TARGETS)),
        today=next((each for each in spent if each.day == today), DayCost(today, 0, Decimal(0))),
        limits=current.call_limits(),
    )


def _dearest(column: str, since: datetime, *, limit: int = 100) -> list[Cost]:
    """Sum up the log since then for each value of the column."""
    rows = APIRequestLog.objects.filter(started_at__gte=since).exclude(**{column: ""})
    sums = rows.values_list(column).annotate(calls=Count("pk"), cost=Sum("price"))
    return [Cost(*row) for row in sums.order_by("-cost", "-calls", column)[:limit]]
