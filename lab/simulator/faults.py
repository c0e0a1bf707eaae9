"""Fault rules: which calls and downloads fail, how, and how often."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from lab.simulator import envelope

Service = Literal["core_api", "cdn"]
SERVICES = get_args(Service)
KINDS = (
    "form",  # answer with one of envelope.FORMS (Core API only)
    "status",  # answer with `status`, `body` and `content_type`
    "delay",  # wait `seconds`, then answer normally
    "reset",  # close the connection with a TCP reset
    "truncate",  # announce the whole length, send `bytes` of it, close
    "drip",  # send `bytes` at a time with `seconds` in between
    "wrong_type",  # the right bytes under another `content_type`
    "empty",  # the usual headers, zero bytes
    "chunked",  # no Content-Length
    "redirect",  # redirect to `location`
    "redirect_loop",  # redirect to the same URL
    "encoded",  # the body compressed `layers` times and announced as gzip
    "drip_headers",  # the headers `bytes` at a time with `seconds` in between
    "short_list",  # lists with half of the items that they count (Core API only)
    "late_video",  # videos without their URLs (Core API only)
    "milliseconds",  # Unix times in milliseconds (Core API only)
)
COUNTERS = {"seen", "hits"}


class BadRule(ValueError):
    """The rule is invalid."""


@dataclass(slots=True)
class Rule:
    """One fault. It applies to requests whose path matches `path` and that concern `target`.

    `target` is compared with the values of parameters, on the CDN with the name of the file; None
    applies to all. The first `skip` matching requests succeed, then `times` requests are hit (None:
    all).
    """

    kind: str
    service: Service = "core_api"
    path: str = ""
    target: str | None = None
    times: int | None = None
    skip: int = 0
    form: str = "upstream_failed"
    status: int = 500
    body: str = ""
    content_type: str = "text/html"
    seconds: float = 1.0
    bytes: int = 1024
    location: str = ""
    layers: int = 1
    seen: int = 0
    hits: int = 0

    @classmethod
    def parse(cls, payload: Mapping[str, Any]) -> Rule:
        """Parse the rule of a control request. Raises BadRule."""
        if unknown := set(payload) - ({field.name for field in fields(cls)} - COUNTERS):
            raise BadRule(f"unknown keys: {', '.join(sorted(unknown))}")
        if payload.get("kind") not in KINDS:
            raise BadRule(f"kind must be one of {', '.join(KINDS)}")
        if payload.get("service", "core_api") not in SERVICES:
            raise BadRule(f"service must be one of {', '.join(SERVICES)}")
        if payload.get("form", "upstream_failed") not in envelope.FORMS:
            raise BadRule(f"form must be one of {', '.join(envelope.FORMS)}")
        # Compiled here, because an invalid expression would otherwise fail in the middle of a call.
        try:
            re.compile(payload.get("path", ""))
        except re.error as error:
            raise BadRule(f"path is no regular expression: {error}") from error
        return cls(**payload)

    def payload(self) -> dict[str, Any]:
        """Return the rule with its counters for JSON."""
        return asdict(self)

    def description(self) -> dict[str, Any]:
        """Return the rule in the form that `parse` accepts."""
        return {name: value for name, value in asdict(self).items() if name not in COUNTERS}

    def hits_request(self, path: str, targets: Collection[str]) -> bool:
        """Count a request and return whether this rule applies to it."""
        if not re.search(self.path, path) or (self.target and self.target not in targets):
            return False
        # A skipped request counts as seen, or the rule would skip without an end.
        self.seen += 1
        if self.seen <= self.skip or (self.times is not None and self.hits >= self.times):
            return False
        self.hits += 1
        return True


class Faults:
    """The active rules of one process in the order in which they were added."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def add(self, rules: list[Rule]) -> None:
        self.rules.extend(rules)

    def clear(self) -> None:
        self.rules.clear()

    def take(self, path: str, targets: Collection[str]) -> Rule | None:
        """Return the first rule that applies to this request and count the hit."""
        return next((rule for rule in self.rules if rule.hits_request(path, targets)), None)
