"""Runs checks that may hang, and caches their results."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseError
from django.db import connections
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

INTERVAL = 5.0
"""Seconds. The checks of a process run at most once in this time."""
TIMEOUT = 2.5
"""Seconds after which a running check counts as failed."""

Check = Callable[[], Any]


class Probe:
    """Runs all checks in threads when results are requested and the last ones are too old.

    A hanging check delays the first caller by TIMEOUT and no later caller. It is not started again
    while it runs, so at most one thread per check can hang.
    """

    def __init__(
        self, checks: Mapping[str, Check], *, interval: float = INTERVAL, timeout: float = TIMEOUT
    ) -> None:
        self.checks = checks
        self.interval = interval
        self.timeout = timeout
        self._lock = threading.Lock()
        self._runs: dict[str, Future[Any]] = {}
        self._begun: list[Future[Any]] = []
        self._begun_at = float("-inf")

    def results(self) -> dict[str, Any]:
        """The last result of each check; None for a check that failed or hangs."""
        with self._lock:
            if time.monotonic() - self._begun_at >= self.interval:
                self._begin()
            runs, begun = self._runs, self._begun
            deadline = self._begun_at + self.timeout
        wait(begun, timeout=max(0, deadline - time.monotonic()))
        return {name: run.result() if run.done() else None for name, run in runs.items()}

    def _begin(self) -> None:
        hanging = {name: run for name, run in self._runs.items() if not run.done()}
        begun = {name: begin(self.checks[name]) for name in self.checks if name not in hanging}
        self._runs, self._begun = {**begun, **hanging}, [*begun.values()]
        self._begun_at = time.monotonic()


def begin(check: Check) -> Future[Any]:
    """Run a check in a daemon thread, which does not keep the process alive."""
    outcome: Future[Any] = Future()
    threading.Thread(target=run, args=(check, outcome), daemon=True).start()
    return outcome


def run(check: Check, outcome: Future[Any]) -> None:
    """Store the check's result, or None if it raised."""
    result = None
    try:
        result = check()
    except (DatabaseError, ImproperlyConfigured, RedisError, OSError) as error:
        log.warning("health.check_failed", check=check, error=type(error).__name__)
    finally:
        connections.close_all()
        outcome.set_result(result)
