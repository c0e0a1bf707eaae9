"""When an exited program is restarted, and when the supervisor gives up."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from embedded import terminal
from embedded.errors import ServiceFailed
from embedded.processes import Service


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """Pauses of 1, 2, 4 and 8 s. The fifth exit within a minute is final."""

    first_pause: float = 1
    max_deaths: int = 5
    window: float = 60

    def pause(self, recent_deaths: int) -> float | None:
        """Seconds before the next start, doubled at each exit; None: do not restart."""
        if recent_deaths >= self.max_deaths:
            return None
        return float(self.first_pause * 2 ** (recent_deaths - 1))


@dataclass(slots=True)
class RestartedProgram:
    """A program that is restarted when it exits: its current process and its recent exits."""

    service: Service
    deaths: list[float] = field(default_factory=list)
    restart_at: float | None = None

    def tend(self, policy: RestartPolicy) -> bool:
        """Restart the program if its pause is over; True if it was restarted just now.

        Each exit is reported on the terminal. Raises ServiceFailed with the end of the log at the
        final one.
        """
        now = time.monotonic()
        if self.restart_at is None:
            if (status := self.service.process.poll()) is not None:
                self._died(status, policy, now)
            return False
        if now < self.restart_at:
            return False
        self.restart_at = None
        self.service = self.service.start_again()
        return True

    def _died(self, status: int, policy: RestartPolicy, now: float) -> None:
        self.service.kill_group()  # a worker's children survive their parent
        self.deaths = [*(death for death in self.deaths if now - death < policy.window), now]
        pause = policy.pause(len(self.deaths))
        if pause is None:
            raise ServiceFailed(
                f"{len(self.deaths)} times within {policy.window:.0f} s: {self.service.ending()}"
            )
        self.restart_at = now + pause
        terminal.warn(
            f"{self.service.name} ended with status {status}; starting it again in {pause:g} s. "
            f"Log: {self.service.log}"
        )
