"""Counts requests and their prices."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class CallCounts:
    """Calls to the Core API. Prices are in thousandths of a dollar."""

    calls: Counter[str] = field(default_factory=Counter)
    charged: Counter[str] = field(default_factory=Counter)
    prices: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    targets: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, path: str, target: str, status: int, price: int) -> None:
        """Count one answered call. It is charged if it has a price and the status is 200."""
        self.calls[path] += 1
        self.statuses[str(status)] += 1
        self.targets[path][target] += 1
        # Only the HTTP status counts: a 200 with an error inside of its body costs money, too.
        if price and status == 200:
            self.charged[path] += 1
            self.prices[path] += price

    def payload(self) -> dict[str, Any]:
        return {
            "calls": self.calls.total(),
            "charged": self.charged.total(),
            "price_usd": self.prices.total() / 1000,
            "by_status": dict(self.statuses),
            "by_endpoint": {
                path: {
                    "calls": calls,
                    "charged": self.charged[path],
                    "price_usd": self.prices[path] / 1000,
                    "by_target": dict(self.targets[path]),
                }
                for path, calls in self.calls.items()
            },
        }


@dataclass(slots=True)
class DownloadCounts:
    requests: int = 0
    bytes: int = 0
    ranges: int = 0
    resized: int = 0
    running: int = 0
    most_at_once: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def request(self, name: str) -> Iterator[None]:
        self.requests += 1
        self.names[name] += 1
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            yield
        finally:
            self.running -= 1

    def payload(self) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "bytes": self.bytes,
            "ranges": self.ranges,
            "resized": self.resized,
            "most_at_once": self.most_at_once,
            "by_status": dict(self.statuses),
            "by_name": dict(self.names),
        }
