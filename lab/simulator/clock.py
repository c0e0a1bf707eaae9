"""The simulator's time: the machine's clock plus an offset that tests can move."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(slots=True)
class Clock:
    """Runs at normal speed; `offset` is how many seconds it is ahead of the machine."""

    offset: float = 0.0

    def now(self) -> int:
        """Return the simulated unix time in whole seconds."""
        return int(time.time() + self.offset)

    def set(self, timestamp: float) -> None:
        """Make it `timestamp` now."""
        self.offset = timestamp - time.time()

    def advance(self, seconds: float) -> None:
        """Jump forward, or backward with a negative number."""
        self.offset += seconds
