"""Which hosts are worth a connection: one that fails a few times in a row is left alone.

    open ──(5 failures in a row)──▶ shut ──(pause over)──▶ one probe ──▶ open, or shut twice as long

In the memory of one process: another one learns it by failures of its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

MAX_FAILURES = 5
FIRST_PAUSE = 30.0
MAX_PAUSE = 600.0
PROBE = 60.0
"""Seconds after which a probe without an ending is given up: its thread may have died."""


@dataclass(slots=True)
class Trouble:
    """What is held against a host. `until` is when the pause, or the probe, is over."""

    failures: int = 0
    pause: float = FIRST_PAUSE
    until: float = 0.0
    is_probed: bool = False


class Hosts:
    """The circuit breaker of each host. Shared by the threads of a process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._troubles: dict[str, Trouble] = {}
        self._lock = threading.Lock()

    def admits(self, host: str) -> bool:
        """Whether a download may begin; after a pause, the first one that asks is the probe."""
        with self._lock:
            trouble = self._troubles.get(host)
            if trouble is None or trouble.failures < MAX_FAILURES:
                return True
            if self._clock() < trouble.until:
                return False
            trouble.is_probed, trouble.until = True, self._clock() + PROBE
            return True

    def pause_left(self, host: str) -> float:
        """Seconds until a host that is shut may be probed; 0 where it is open or being probed."""
        with self._lock:
            trouble = self._troubles.get(host)
            if trouble is None or trouble.is_probed:
                return 0.0
            return max(0.0, trouble.until - self._clock())

    def worked(self, host: str) -> None:
        """The host answered: nothing is held against it any more."""
        with self._lock:
            self._troubles.pop(host, None)

    def failed(self, host: str, *, retry_after: float = 0.0) -> None:
        """The host did not answer, or said that it cannot; it may name the least pause."""
        with self._lock:
            trouble = self._troubles.setdefault(host, Trouble())
            trouble.failures += 1
            if trouble.is_probed:
                trouble.pause = min(2 * trouble.pause, MAX_PAUSE)
            elif trouble.failures != MAX_FAILURES:  # those under way when it was shut add nothing
                return
            trouble.is_probed = False
            trouble.until = self._clock() + max(trouble.pause, retry_after)
