"""A circuit breaker for each host: a host that fails several times in a row is left alone.

    closed ──(5 failures in a row)──▶ open ──(backoff over)──▶ half open: one probe
      ▲                                ▲                         │            │
      └──────────── success ───────────┼─────────────────────────┘            │
                                       └──── failure: twice the backoff ──────┘

The state lives in the memory of one process. Other processes learn of a dead host by failures of
their own, which costs a few attempts and saves a shared table.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

MAX_FAILURES = 5
INITIAL_BACKOFF = 30.0
MAX_BACKOFF = 600.0
# A probe without a result blocks the host. After this many seconds the next download probes
# instead, because the thread of the first probe may have died.
PROBE_TIMEOUT = 60.0


@dataclass(slots=True)
class _Circuit:
    """The state of one host. `open_until` is when the backoff, or the running probe, ends."""

    failures: int = 0
    backoff: float = INITIAL_BACKOFF
    open_until: float = 0.0
    is_probing: bool = False


class CircuitBreaker:
    """Decides per host whether a download may begin. Shared by the threads of a process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._circuits: dict[str, _Circuit] = {}
        self._lock = threading.Lock()

    def allow(self, host: str) -> bool:
        """Return whether a download may begin. The first one after a backoff is the probe."""
        with self._lock:
            circuit = self._circuits.get(host)
            if circuit is None or circuit.failures < MAX_FAILURES:
                return True
            if self._clock() < circuit.open_until:
                return False
            circuit.is_probing, circuit.open_until = True, self._clock() + PROBE_TIMEOUT
            return True

    def retry_after(self, host: str) -> float:
        """Return the seconds until the host may be probed; 0 if it is closed or being probed."""
        with self._lock:
            circuit = self._circuits.get(host)
            if circuit is None or circuit.is_probing:
                return 0.0
            return max(0.0, circuit.open_until - self._clock())

    def record_success(self, host: str) -> None:
        with self._lock:
            self._circuits.pop(host, None)

    def record_failure(self, host: str, *, retry_after: float = 0.0) -> None:
        """Count a failure; open the circuit for at least `retry_after` seconds if it is due."""
        with self._lock:
            circuit = self._circuits.setdefault(host, _Circuit())
            circuit.failures += 1
            if circuit.is_probing:
                circuit.backoff = min(2 * circuit.backoff, MAX_BACKOFF)
            elif circuit.failures != MAX_FAILURES:
                # Either too few failures, or downloads that began before the circuit opened.
                # The latter report the same outage and must not prolong it.
                return
            circuit.is_probing = False
            circuit.open_until = self._clock() + max(circuit.backoff, retry_after)
