"""`manage.py costs`: what the Core API costs."""

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
    """Reads only."""

    help = "Show what the Core API cost, today against its caps, and what the coming day will cost."
    EXAMPLES = """
examples:
  manage.py costs
  manage.py costs --days 30 --json
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """How far back, and in which form."""
        parser.add_argument("--days", type=days, default=7, help="today included; 7 by default")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_args: str, **options: Any) -> None:
        """One report."""
        now = timezone.now()
        report, coming = costs(days=options["days"], now=now), forecast(now=now)
        if options["json"]:
            data = CostsSerializer({**asdict(report), "forecast": coming}).data
            self.stdout.write(json.dumps(data, indent=2))
        else:
            self.stdout.write("\n".join(lines(report, coming)))


def days(text: str) -> int:
    """Read a number of days. ArgumentTypeError where it is none from 1 to 3660."""
    if not text.isdecimal() or not 1 <= int(text) <= 3660:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 3660")
    return int(text)


def lines(report: Costs, coming: Forecast) -> Iterator[str]:
    """The report for people."""
    yield from table("day (UTC)", (Cost(str(e.day), e.calls, e.cost) for e in report.days))
    yield from table("endpoint", report.endpoints)
    yield from table("dearest targets", report.targets)
    yield f"today     {usd(report.today.cost)} of {allowed(report)}"
    yield f"forecast  {usd(coming.cost)} for {coming.calls} calls in the coming 24 hours"
    if report.limits.calls_stopped:
        yield "All calls are stopped."


def table(title: str, rows: Iterable[Cost]) -> Iterator[str]:
    """A line per row below the title, and an empty one."""
    yield f"{title:<32}{'calls':>10}{'USD':>12}"
    for row in rows:
        yield f"{row.name:<32}{row.calls:>10}{row.cost:>12.4f}"
    yield ""


def allowed(report: Costs) -> str:
    """The caps in words."""
    soft, hard = report.limits.soft_cap, report.limits.hard_cap
    caps = [f"soft cap {usd(soft)}"] if soft is not None else []
    caps += [f"hard cap {usd(hard)}"] if hard is not None else []
    return ", ".join(caps) or "any sum: no cap is set"


def usd(amount: Decimal) -> str:
    """Money with the four decimals that prices have."""
    return f"{amount:.4f} USD"
