"""Waiting for what another thread or process brings about."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(fact: Callable[[], object]) -> None:
    """Return once it is so; fails the test after half a minute."""
    deadline = time.monotonic() + 30
    while not fact():
        assert time.monotonic() < deadline, "it did not happen within 30 seconds"
        time.sleep(0.01)
