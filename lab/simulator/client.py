"""Controls a running simulator from Python. Standard library only."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

SECONDS_TO_ANSWER = 60.0  # hashing the files of a large world takes long


class ControlError(Exception):
    """The simulator refused a control request. The message gives the reason."""


class SimulatorControl:
    """A client of the control routes. Every change is in effect when its method returns."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        # Without the environment's proxies, which cannot reach the loopback interface.
        self._opener = build_opener(ProxyHandler({}))

    def now(self) -> int:
        return int(self._ask("GET", "clock")["now"])

    def set_clock(self, timestamp: float) -> None:
        self._ask("POST", "clock", {"set": timestamp})

    def advance_clock(self, seconds: float) -> None:
        """Move the clock by that many seconds, which may be negative."""
        self._ask("POST", "clock", {"advance": seconds})

    def add_fault(self, kind: str, **rule: Any) -> None:
        """Add a fault rule; the keys are those of `lab.simulator.faults.Rule`."""
        self._ask("POST", "faults", [{"kind": kind, **rule}])

    def faults(self) -> list[dict[str, Any]]:
        """Return the active rules with their counters `seen` and `hits`."""
        rules: list[dict[str, Any]] = self._ask("GET", "faults")
        return rules

    def clear_faults(self) -> None:
        self._ask("DELETE", "faults")

    def stats(self) -> dict[str, Any]:
        """Return the counters: `core_api` (calls, charged, price_usd, …) and `cdn`."""
        counts: dict[str, Any] = self._ask("GET", "stats")
        return counts

    def files(self) -> dict[str, list[dict[str, Any]]]:
        """Return the files of a complete archive with their digests, by username."""
        files: dict[str, list[dict[str, Any]]] = self._ask("GET", "files")
        return files

    def truth(self) -> dict[str, dict[str, Any]]:
        """Return each profile with its posts, stories and highlights, by username."""
        facts: dict[str, dict[str, Any]] = self._ask("GET", "truth")
        return facts

    def edit(self, edit: str, **details: Any) -> dict[str, Any]:
        """Make one edit (a key of `lab.simulator.edits.EDITS`) and return what it made."""
        return self.edits([{"edit": edit, **details}])[0]

    def edits(self, edits: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Make edits in order and return what each made. A call takes about a thousand edits."""
        made: list[dict[str, Any]] = self._ask("POST", "edits", edits)
        return made

    def reset(self) -> None:
        """Remove edits, faults and counters, and reset the clock."""
        self._ask("POST", "reset")

    def _ask(self, method: str, name: str, payload: object = None) -> Any:
        body = None if payload is None else json.dumps(payload).encode()
        request = Request(f"{self.base_url}/_simulator/{name}", body, method=method)  # noqa: S310  http only
        try:
            with self._opener.open(request, timeout=SECONDS_TO_ANSWER) as response:
                return json.load(response)
        except HTTPError as error:
            with error:
                raise ControlError(error.read().decode()) from error
