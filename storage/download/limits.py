"""What one download may take: bytes, time, and the hosts that may have private addresses."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one download. `trusted_hosts` (`host:port`) may have private addresses."""

    max_bytes: int = 2 * 1024 * MEBIBYTE
    trusted_hosts: frozenset[str] = frozenset()
    # Seconds without a byte after which a connection is given up.
    idle_timeout: float = 20.0
    # Seconds after which the average rate must be above `min_rate`.
    grace_period: float = 60.0
    # Bytes per second.
    min_rate: float = 256 * 1024.0
    # Seconds for the whole download. Must stay below the time limit of a task.
    max_seconds: float = 20 * 60.0


@dataclass(slots=True)
class Deadline:
    """The time that a download may still take.

    A timeout alone would let a host hold a thread without limit by sending one byte at a time.
    """

    limits: Limits
    started: float = field(default_factory=time.monotonic)
    received: int = 0

    def timeout(self) -> float:
        """Return the seconds that the next step may take. Raises TimeoutError at the end."""
        earned = self.limits.grace_period + self.received / self.limits.min_rate
        left = self.started + min(self.limits.max_seconds, earned) - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(left, self.limits.idle_timeout)
