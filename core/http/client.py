"""The client for calls to the outside, other than those to the Core API and to CDNs.

    outgoing = Outgoing("POST", url, content=body, secrets=(key,))
    reply = client.send(outgoing, log=log, cap=cap, bounds=Bounds(seconds=10))

    cap.reserve ──▶ log.begin ──▶ connect, send, receive: one deadline ──▶ log.end
                                        │ nothing was sent
                                        └──▶ cap.release

Redirects are not followed, because the secrets of a request must not reach another host. The caller
passes the log and the cap: each feature has its own table of calls and its own budget.
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
    """A call brought no answer. The text never quotes the body or a secret.

    OutsideError
    ├── NeverSent           nothing was sent: the call may be repeated
    │   └── Unsendable      a repeated call fails again
    ├── Unanswered          the call may have been charged
    └── Oversized           the answer is larger than allowed
    """


class NeverSent(OutsideError):
    """Nothing was sent, so nothing can be charged."""


class Unsendable(NeverSent):
    """The URL is not http(s) or not public, or a header has characters that headers cannot have."""


class Unanswered(OutsideError):
    """The request may have arrived, but no complete answer came: timeout, reset, damaged body."""


class Oversized(OutsideError):
    """The answer is larger than `Bounds.max_bytes`."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of a call. `trusted_hosts` (`host:port`) may have private addresses."""

    seconds: float = 30.0
    """For name lookup, connection, TLS, headers and body together."""
    max_bytes: int = 8 * MEBIBYTE
    """Of the decompressed body."""
    trusted_hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request. The log contains none of its `secrets`."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes = field(default=b"", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def described(self) -> str:
        """Return the URL for the log: without login, query values and secrets."""
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
    """A complete answer of any status. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(slots=True)
class Ended:
    """How a call ended. `status` is None if no headers came; `error` is the name of the class."""

    status: int | None = None
    received: int = 0
    seconds: float = 0.0
    was_sent: bool = False
    error: str = ""


class CallLog(Protocol):
    """The log of one call. It should commit at once, so that a killed call leaves a row."""

    def begin(self, method: str, url: str) -> None:
        """Note that a call is about to be sent. The URL is redacted."""

    def end(self, ended: Ended) -> None:
        """Note the end of the call, also if it failed."""


class Cap(Protocol):
    def reserve(self) -> None:
        """Reserve the price of the call. An exception refuses the call."""

    def release(self) -> None:
        """Give the price back, because nothing was sent."""


def send(
    outgoing: Outgoing, *, log: CallLog, cap: Cap | None = None, bounds: Bounds | None = None
) -> Reply:
    """Send the request once and read the complete answer, within the bounds.

    Raises OutsideError, what the cap raises, and RuntimeError inside a transaction.
    """
    # A transaction would stay open, with its locks, for as long as the other side takes.
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
    """Make the call and log its end."""
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
            encoding = encoding_of(response.headers.get("content-encoding", ""))
            limit = bounds.max_bytes
            body = b"".join(decoded(response.iter_raw(), encoding, limit=limit))
        finally:
            response.close()
    ended.received = len(body)
    return Reply(response.status_code, dict(response.headers), body)


def _built(client: httpx.Client, outgoing: Outgoing, seconds: float) -> httpx.Request:
    """Build the request. Raises Unsendable, without httpx's error, which quotes headers."""
    try:
        request = client.build_request(
            outgoing.method,
            outgoing.url,
            headers=dict(outgoing.headers),
            content=outgoing.content,
            timeout=seconds,
        )
    except (httpx.InvalidURL, ValueError):  # ValueError: characters that a header cannot have
        raise Unsendable("the URL or a header cannot be written down") from None
    if request.url.scheme not in SCHEMES or not request.url.host:
        raise Unsendable("not an http(s) URL")
    return request


@contextmanager
def _named_errors() -> Iterator[None]:
    """Turn errors of the libraries into OutsideError, without texts that may quote the request."""
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
    """The client of this process for public hosts and these trusted ones."""
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
