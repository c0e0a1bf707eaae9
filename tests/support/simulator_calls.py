"""A small HTTP client for the simulator, and facts that tests look up often."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from lab.simulator.process import SimulatorProcess


class StayHere(HTTPRedirectHandler):
    """Follows no redirect, so that tests can see it."""

    def redirect_request(self, *_arguments: object, **_keywords: object) -> None:
        """Refuse."""


# Without the proxies of the environment, which cannot reach this machine's loopback address
OPENER = build_opener(ProxyHandler({}), StayHere)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def fetch(url: str, **headers: str) -> Answer:
    """GET a URL. Underscores in the names of headers stand for hyphens."""
    request = Request(url, headers={name.replace("_", "-"): text for name, text in headers.items()})  # noqa: S310  http only
    try:
        with OPENER.open(request, timeout=30) as response:
            return Answer(response.status, response.headers, response.read())
    except HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls the Core API by the path below `/api/v1/instagram/`."""

    base_url: str
    token: str

    def get(self, path: str, **parameters: str | int) -> Answer:
        url = f"{self.base_url}/api/v1/instagram/{path}?{urlencode(parameters)}"
        return fetch(url, Authorization=f"Bearer {self.token}")

    def data(self, path: str, **parameters: str | int) -> Any:
        """Call, and return the payload. Fails the test if the status is not 200."""
        answer = self.get(path, **parameters)
        assert answer.status == 200, answer.body
        return answer.json["data"]


def identifier_of(simulator: SimulatorProcess, username: str) -> str:
    return str(simulator.control.truth()[username]["id"])


def cdn_process(simulator: SimulatorProcess) -> int:
    """The process id of the CDN (Linux only)."""
    return int(Path(f"/proc/{simulator.pid}/task/{simulator.pid}/children").read_text())


def post_ids(simulator: SimulatorProcess, username: str) -> list[str]:
    """The ids of a profile's posts in the order of its page."""
    return [post["id"] for post in simulator.control.truth()[username]["posts"]]


def nodes(connection: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (edge["node"] for edge in connection["edges"])
