"""What all workers know together of a provider: its next free slot, and whether it answers.

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

# Where nothing was called for a while, the calls of so long may go out at once.
BURST = timedelta(seconds=1)
FAILURES_TO_OPEN = 5
INITIAL_BACKOFF = timedelta(seconds=30)
MAX_BACKOFF = timedelta(minutes=15)
# Above the longest call: a probe that was killed is followed by another.
PROBE_TIME = timedelta(seconds=120)
# The longest that a provider may ask for: no slot is given away further ahead.
MAX_PAUSE = timedelta(seconds=pauses.MAX_PAUSE)


class ProviderStateQuerySet(models.QuerySet["ProviderState"]):
    """What needs no decision."""

    def answered(self, provider: str) -> None:
        """Close the breaker, and forget the failures. Writes nothing where there are none."""
        failing = self.filter(provider=provider, failures__gt=0)
        failing.update(failures=0, breaks=0, open_until=None)


class ProviderState(models.Model):
    """A row per provider, locked for the milliseconds of a decision; the methods only compute."""

    provider = models.CharField(max_length=40, unique=True)
    next_slot_at = models.DateTimeField(help_text="when the call after the last one is due")
    failures = models.PositiveIntegerField(default=0, help_text="in a row, without any answer")
    breaks = models.PositiveIntegerField(default=0, help_text="in a row, each twice as long")
    open_until = models.DateTimeField(null=True, help_text="no call but a probe before")

    objects: ClassVar = ProviderStateQuerySet.as_manager()

    def __str__(self) -> str:
        return self.provider

    def set_right(self, now: datetime, *, rate: float) -> timedelta:
        """Take back what only a clock that was ahead can have set: it holds from now instead.

        By how much the times lay beyond what can be, zero where they did not.
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
        """How long no call is made, because several in a row had no answer; None without one."""
        if self.open_until is None or self.open_until <= now:
            return None
        return self.open_until - now

    def slot(self, now: datetime, *, rate: float) -> datetime:
        """The earliest moment for a call at `rate` calls a second (GCRA)."""
        return max(now, self.next_slot_at - _lead(rate))

    def take(self, slot: datetime, *, rate: float) -> bool:
        """Give the slot away. True where the call is the probe of a half open breaker."""
        self.next_slot_at = max(self.next_slot_at, slot) + timedelta(seconds=1 / rate)
        if self.open_until is None:
            return False
        self.open_until = slot + PROBE_TIME
        return True

    def pause(self, until: datetime, *, rate: float) -> None:
        """Give no slot away before; after it the calls go out evenly, without a burst."""
        self.next_slot_at = max(self.next_slot_at, until + _lead(rate))

    def fail(self, now: datetime, *, was_probe: bool) -> None:
        """Count a call without an answer, and open the breaker after several.

        Of those that were under way when it opened, none opens it further.
        """
        self.failures += 1
        if was_probe or (self.failures >= FAILURES_TO_OPEN and self.open_until is None):
            self.open_until = now + min(INITIAL_BACKOFF * 2 ** min(self.breaks, 10), MAX_BACKOFF)
            self.breaks += 1


def _lead(rate: float) -> timedelta:
    """How far ahead of an even pace a call may be, so that a burst has BURST's worth of calls."""
    return max(BURST - timedelta(seconds=1 / rate), timedelta())
