"""A small HTTP client for the tests, and the facts that they look up often."""

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
    """Follows no redirect, so that tests can look at it."""

    def redirect_request(self, *_arguments: object, **_keywords: object) -> None:
        """Refuse."""


OPENER = build_opener(ProxyHandler({}), StayHere)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def fetch(url: str, **headers: str) -> Answer:
    """GET a URL; a header is written with underscores."""
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
        """Make one call."""
        url = f"{self.base_url}/api/v1/instagram/{path}?{urlencode(parameters)}"
        return fetch(url, Authorization=f"Bearer {self.token}")

    def data(self, path: str, **parameters: str | int) -> Any:
        """Make one call and return the payload of a success."""
        answer = self.get(path, **parameters)
        assert answer.status == 200, answer.body
        return answer.json["data"]


def identifier_of(simulator: SimulatorProcess, username: str) -> str:
    """Return the id of a profile."""
    return str(simulator.control.truth()[username]["id"])


def cdn_process(simulator: SimulatorProcess) -> int:
    """Return the id of the CDN's process (Linux only)."""
    return int(Path(f"/proc/{simulator.pid}/task/{simulator.pid}/children").read_text())


def post_ids(simulator: SimulatorProcess, username: str) -> list[str]:
    """Return the ids of a profile's posts in the order of its page."""
    return [post["id"] for post in simulator.control.truth()[username]["posts"]]


def nodes(connection: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the nodes of a GraphQL connection."""
    return (edge["node"] for edge in connection["edges"])
