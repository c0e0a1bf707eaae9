"""The simulator's time: the machine's clock plus an offset that tests can change."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(slots=True)
class Clock:
    """Runs at normal speed, `offset` seconds ahead of the machine's clock."""

    offset: float = 0.0

    def now(self) -> int:
        """Return the simulated Unix time in whole seconds."""
        return int(time.time() + self.offset)

    def set(self, timestamp: float) -> None:
        self.offset = timestamp - time.time()

    def advance(self, seconds: float) -> None:
        """Move the clock by that many seconds, which may be negative."""
        self.offset += seconds
