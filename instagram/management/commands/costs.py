"""`manage.py costs`: the cost of the Core API."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from api_logs.costs import Cost, Costs, costs
from core.management.examples import CommandWithExamples
from instagram.archiving.schedule import Forecast, forecast
from instagram.serializers.costs import CostsSerializer


class Command(CommandWithExamples):
    help = "Show the cost of the Core API, today against its caps, and a forecast for a day."
    EXAMPLES = """
examples:
  manage.py costs
  manage.py costs --days 30 --json
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=days, default=7, help="today included; 7 by default")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_args: str, **options: Any) -> None:
        now = timezone.now()
        report, coming = costs(days=options["days"], now=now), forecast(now=now)
        if options["json"]:
            data = CostsSerializer({**asdict(report), "forecast": coming}).data
            self.stdout.write(json.dumps(data, indent=2))
        else:
            self.stdout.write("\n".join(lines(report, coming)))


def days(text: str) -> int:
    """Parse a number of days from 1 to 3660. Raises ArgumentTypeError."""
    if not text.isdecimal() or not 1 <= int(text) <= 3660:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 3660")
    return int(text)


def lines(report: Costs, coming: Forecast) -> Iterator[str]:
    yield from table("day (UTC)", (Cost(str(e.day), e.calls, e.cost) for e in report.days))
    yield from table("endpoint", report.endpoints)
    yield from table("dearest targets", report.targets)
    yield f"today     {usd(report.today.cost)} of {allowed(report)}"
    yield f"forecast  {usd(coming.cost)} for {coming.calls} calls in the coming 24 hours"
    if report.limits.calls_stopped:
        yield "All calls are stopped."


def table(title: str, rows: Iterable[Cost]) -> Iterator[str]:
    yield f"{title:<32}{'calls':>10}{'USD':>12}"
    for row in rows:
        yield f"{row.name:<32}{row.calls:>10}{row.cost:>12.4f}"
    yield ""


def allowed(report: Costs) -> str:
    soft, hard = report.limits.soft_cap, report.limits.hard_cap
    caps = [f"soft cap {usd(soft)}"] if soft is not None else []
    caps += [f"hard cap {usd(hard)}"] if hard is not None else []
    return ", ".join(caps) or "any sum: no cap is set"


def usd(amount: Decimal) -> str:
    """Money with four decimals, as in the price list."""
    return f"{amount:.4f} USD"
