"""The state of each provider, shared by all workers: its next free slot, and its breaker.

closed ──5 failures in a row──▶ open ──30 s, doubling to 15 min──▶ half open: one probe
   ▲                              ▲                                   │        │
   └────────────── answers ───────┼───────────────────────────────────┘        │
                                  └─────────────── fails ──────────────────────┘
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models

from core import pauses

# After an idle time, this many seconds' worth of calls may go out at once.
BURST = timedelta(seconds=1)
FAILURES_TO_OPEN = 5
INITIAL_BACKOFF = timedelta(seconds=30)
MAX_BACKOFF = timedelta(minutes=15)
# Longer than any call. If the worker of a probe was killed, another probe follows.
PROBE_TIME = timedelta(seconds=120)
# The longest pause that a provider may ask for. No slot lies further ahead.
MAX_PAUSE = timedelta(seconds=pauses.MAX_PAUSE)


class ProviderStateQuerySet(models.QuerySet["ProviderState"]):
    def answered(self, provider: str) -> None:
        """Close the breaker and forget the failures. Writes nothing if there are none."""
        failing = self.filter(provider=provider, failures__gt=0)
        failing.update(failures=0, breaks=0, open_until=None)


class ProviderState(models.Model):
    """One row per provider, locked for the milliseconds of a decision. Methods only compute."""

    provider = models.CharField(max_length=40, unique=True)
    next_slot_at = models.DateTimeField(help_text="when the call after the last one is due")
    failures = models.PositiveIntegerField(default=0, help_text="in a row, without any answer")
    breaks = models.PositiveIntegerField(default=0, help_text="in a row, each twice as long")
    open_until = models.DateTimeField(null=True, help_text="no call but a probe before")

    objects: ClassVar = ProviderStateQuerySet.as_manager()

    def __str__(self) -> str:
        return self.provider

    def set_right(self, now: datetime, *, rate: float) -> timedelta:
        """Replace times that only a clock that was ahead can have stored by `now`.

        Returns how far the times lay beyond the latest possible ones; zero if they were possible.
        """
        latest_slot = now + MAX_PAUSE + BURST + timedelta(seconds=1 / rate)
        latest_break = now + MAX_BACKOFF
        excess = max(self.next_slot_at - latest_slot, timedelta())
        if excess:
            self.next_slot_at = now
        if self.open_until is not None and self.open_until > latest_break:
            excess = max(excess, self.open_until - latest_break)
            self.open_until = now
        return excess

    def break_left(self, now: datetime) -> timedelta | None:
        """The time until the open breaker lets a probe through; None if it is closed or due."""
        if self.open_until is None or self.open_until <= now:
            return None
        return self.open_until - now

    def slot(self, now: datetime, *, rate: float) -> datetime:
        """The earliest moment for a call at `rate` calls a second (GCRA)."""
        return max(now, self.next_slot_at - _lead(rate))

    def take(self, slot: datetime, *, rate: float) -> bool:
        """Reserve the slot. Returns whether the call is the probe of a half open breaker."""
        self.next_slot_at = max(self.next_slot_at, slot) + timedelta(seconds=1 / rate)
        if self.open_until is None:
            return False
        self.open_until = slot + PROBE_TIME
        return True

    def pause(self, until: datetime, *, rate: float) -> None:
        """Reserve no slot before `until`. After it calls go out evenly, without a burst."""
        self.next_slot_at = max(self.next_slot_at, until + _lead(rate))

    def fail(self, now: datetime, *, was_probe: bool) -> None:
        """Count a call without an answer, and open the breaker after several."""
        self.failures += 1
        # Calls that were under way when the breaker opened report the same outage. They must not
        # prolong it.
        if was_probe or (self.failures >= FAILURES_TO_OPEN and self.open_until is None):
            self.open_until = now + min(INITIAL_BACKOFF * 2 ** min(self.breaks, 10), MAX_BACKOFF)
            self.breaks += 1


def _lead(rate: float) -> timedelta:
    """How far ahead of an even pace a call may go out, so that a burst holds BURST's calls."""
    return max(BURST - timedelta(seconds=1 / rate), timedelta())
