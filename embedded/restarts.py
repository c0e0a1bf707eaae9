"""When a program that has ended is started again, and when that is given up."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from embedded import terminal
from embedded.errors import ServiceFailed
from embedded.processes import Service


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """Pauses of 1, 2, 4 and 8 s, and an end at the fifth death within a minute."""

    first_pause: float = 1
    max_deaths: int = 5
    window: float = 60

    def pause(self, recent_deaths: int) -> float | None:
        """Seconds before the next start, twice as long at each death; None: start no more."""
        if recent_deaths >= self.max_deaths:
            return None
        return float(self.first_pause * 2 ** (recent_deaths - 1))


@dataclass(slots=True)
class Child:
    """A program that is kept running: the process of the moment, and when it died lately."""

    service: Service
    deaths: list[float] = field(default_factory=list)
    restart_at: float | None = None

    def tend(self, policy: RestartPolicy) -> bool:
        """Tell whether the program was started again just now, with its new process in `service`.

        Says each death on the terminal. ServiceFailed, with the end of the log, at one too many.
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
        self.service.kill_group()  # a worker's children go on without their parent
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
