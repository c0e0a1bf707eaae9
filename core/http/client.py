"""The client for calls to the outside that are neither of the Core API nor downloads.

    outgoing = Outgoing("POST", url, content=body, secrets=(key,))
    reply = client.send(outgoing, log=log, cap=cap, bounds=Bounds(seconds=10))

    cap.reserve ──▶ log.begin ──▶ connect, send, receive: one deadline ──▶ log.end
                                        │ nothing was sent
                                        └──▶ cap.release

Redirects are answers like others: a secret would travel along. The caller gives the log and the
cap, because a call is written down in the caller's table and paid from the caller's budget.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Protocol
from urllib.parse import urlsplit

import httpx
from django.db import connection

from core.http import addresses, redaction
from core.http.deadlines import DeadlineTransport, deadline
from core.http.decoding import DecodingError, LimitExceeded, decoded, encoding_of

MEBIBYTE = 2**20
SCHEMES = frozenset({"http", "https"})
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class OutsideError(Exception):
    """A call brought no answer. The text is ours: it quotes neither the body nor a secret."""


class NeverSent(OutsideError):
    """Nothing was sent, so nothing happened there and nothing can be charged."""


class Unsendable(NeverSent):
    """The URL is not public http(s), or something cannot be written down. No retry helps."""


class Unanswered(OutsideError):
    """The request may have arrived, and no whole answer came: timeout, reset, damaged body."""


class Oversized(OutsideError):
    """The answer is larger than the caller allows."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a call may take. `trusted_hosts` (`host:port`) may have private addresses."""

    seconds: float = 30.0
    """For the name, the connection, TLS, the headers and the body together."""
    max_bytes: int = 8 * MEBIBYTE
    """Of the body, when its encoding is opened."""
    trusted_hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request. `secrets` are taken out of all that is logged."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes = field(default=b"", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def described(self) -> str:
        """The URL for the log: without login, values of the query, and secrets."""
        try:
            parts = urlsplit(self.url)
        except ValueError:
            return "not a URL"
        names = "&".join(pair.partition("=")[0] for pair in parts.query.split("&") if pair)
        host = parts.netloc.rpartition("@")[2]
        url = f"{parts.scheme}://{host}{parts.path}{'?' if names else ''}{names}"
        return redaction.text(url, self.secrets)


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer, whatever its status. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(slots=True)
class Ended:
    """How a call ended. `status` is None without headers, `error` the name of a class."""

    status: int | None = None
    received: int = 0
    seconds: float = 0.0
    was_sent: bool = False
    error: str = ""


class CallLog(Protocol):
    """Writes down one call. Should be committed by itself: a killed call stays begun."""

    def begin(self, method: str, url: str) -> None:
        """A call is about to be sent; the URL is redacted."""

    def end(self, ended: Ended) -> None:
        """The call has ended, in whatever way."""


class Cap(Protocol):
    """A budget that a call is paid from."""

    def reserve(self) -> None:
        """Reserve what the call may cost. What it raises refuses the call."""

    def release(self) -> None:
        """Give it back: nothing was sent."""


def send(
    outgoing: Outgoing, *, log: CallLog, cap: Cap | None = None, bounds: Bounds | None = None
) -> Reply:
    """Send the request and read the whole answer, within the bounds. One attempt.

    Raises OutsideError, and what the cap raises. Must not run inside a transaction, which would
    stay open for as long as the other side takes: RuntimeError.
    """
    if connection.in_atomic_block:
        raise RuntimeError("A call to the outside inside a transaction; send it on commit.")
    if cap is not None:
        cap.reserve()
    ended = Ended()
    try:
        log.begin(outgoing.method, outgoing.described())
        return _noted(outgoing, bounds or Bounds(), log, ended)
    finally:
        if cap is not None and not ended.was_sent:
            cap.release()


def _noted(outgoing: Outgoing, bounds: Bounds, log: CallLog, ended: Ended) -> Reply:
    """The exchange, and its end in the log."""
    began, ended.was_sent = time.monotonic(), True
    try:
        return _exchange(outgoing, bounds, ended)
    except OutsideError as error:
        ended.error, ended.was_sent = type(error).__name__, not isinstance(error, NeverSent)
        raise
    finally:
        ended.seconds = time.monotonic() - began
        log.end(ended)


def _exchange(outgoing: Outgoing, bounds: Bounds, ended: Ended) -> Reply:
    client = _http(bounds.trusted_hosts)
    request = _built(client, outgoing, bounds.seconds)
    with _named_errors(), deadline(bounds.seconds):
        response = client.send(request, stream=True)
        try:
            ended.status = response.status_code
            body = _body(response, bounds.max_bytes)
        finally:
            response.close()
    ended.received = len(body)
    return Reply(response.status_code, dict(response.headers), body)


def _built(client: httpx.Client, outgoing: Outgoing, seconds: float) -> httpx.Request:
    """The request. Raises Unsendable, without the error of the library, which quotes headers."""
    try:
        request = client.build_request(
            outgoing.method,
            outgoing.url,
            headers=dict(outgoing.headers),
            content=outgoing.content,
            timeout=seconds,
        )
    except (httpx.InvalidURL, ValueError):  # ValueError: letters that no URL or header can have
        raise Unsendable("the URL or a header cannot be written down") from None
    if request.url.scheme not in SCHEMES or not request.url.host:
        raise Unsendable("not an http(s) URL")
    return request


def _body(response: httpx.Response, limit: int) -> bytes:
    encoding = encoding_of(response.headers.get("content-encoding", ""))
    return b"".join(decoded(response.iter_raw(), encoding, limit=limit))


@contextmanager
def _named_errors() -> Iterator[None]:
    """Turn what the parts raise into OutsideError; texts that may quote the request are dropped."""
    try:
        yield
    except addresses.NotPublic as error:
        raise Unsendable(str(error)) from error
    except httpx.LocalProtocolError:
        raise Unsendable("a header cannot be written down") from None  # the error quotes it
    except NEVER_SENT as error:
        raise NeverSent(type(error).__name__) from error
    except httpx.RequestError as error:
        raise Unanswered(type(error).__name__) from error
    except LimitExceeded as error:
        raise Oversized(str(error)) from error
    except DecodingError as error:
        raise Unanswered(str(error)) from error


@cache
def _http(trusted_hosts: frozenset[str]) -> httpx.Client:
    """The connections of the process to these hosts and to public ones."""
    return httpx.Client(
        headers={"User-Agent": "Instarchiver", "Accept-Encoding": "gzip"},
        transport=DeadlineTransport(
            max_connections=20,
            keepalive_expiry=30,
            guard=partial(addresses.check, trusted_hosts=trusted_hosts),
        ),
        follow_redirects=False,
        trust_env=False,
    )


# A forked child must not write into the sockets of its parent.
os.register_at_fork(after_in_child=_http.cache_clear)
