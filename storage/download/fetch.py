"""From a media URL to verified bytes on disk, over connections that reach public addresses only.

httpcore without httpx's client on top: it lets us open the socket ourselves, so that the address
that was checked is the address that is used, and a file takes a quarter less CPU.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from ssl import SSLContext
from types import TracebackType
from typing import Any, Self

import httpcore
import httpx

from core import pauses
from core.http import addresses, decoding
from storage.download import resume
from storage.errors import (
    ForbiddenAddress,
    Incomplete,
    NotMedia,
    NotServed,
    TooLarge,
    Transient,
    UrlExpired,
)
from storage.formats import media_types, pages, truncation
from storage.partial_files import Part
from storage.store import Content

HEADERS: dict[bytes | str, bytes | str] = {
    "User-Agent": "Instarchiver",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
}
SCHEMES = frozenset({"http", "https"})
LAST_PORT = 65535
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 5
MAX_RESUMES = 5
"""Times that one attempt goes on at once, each time only if the last one got further."""
BUSY = frozenset({408, 425, 429})
BROKEN = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)
IDLE_CONNECTIONS = 4
MEBIBYTE = 1024 * 1024

_building = threading.Lock()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a download may take. `trusted_hosts` (`host:port`) may be private addresses."""

    max_bytes: int = 2 * 1024 * MEBIBYTE
    trusted_hosts: frozenset[str] = frozenset()
    silence: float = 20.0
    """Seconds without a byte."""
    grace: float = 60.0
    """Seconds after which the average must be above `slowest_rate`."""
    slowest_rate: float = 256 * 1024.0
    """Bytes per second."""
    longest: float = 20 * 60.0
    """Seconds for all of it: below the time limit of a task."""


@dataclass(slots=True)
class Patience:
    """How long a download may still take; a drip of single bytes does not extend it for ever."""

    limits: Limits
    started: float = field(default_factory=time.monotonic)
    received: int = 0

    def cut(self, timeout: float | None) -> float:
        """The timeout, cut to what is left. Raises ReadTimeout when nothing is."""
        earned = self.limits.grace + self.received / self.limits.slowest_rate
        left = self.started + min(self.limits.longest, earned) - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("too slow")
        return left if timeout is None else min(left, timeout)


class Fetcher:
    """Fetches one URL at a time over connections of its own. Not shared between threads."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._network = PublicNetwork(limits)
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context(),
            max_connections=IDLE_CONNECTIONS,
            keepalive_expiry=30,
            network_backend=self._network,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.close()

    def fetch(self, url: str, part: Part) -> Content:
        """Stream the file behind the URL to the end of the part, in constant memory.

        Raises only DownloadError for what the network does; then the part may have grown. After
        NotMedia and Incomplete it holds all bytes that came.
        """
        self._network.patience = Patience(self.limits)
        place = _parsed(url)
        for _ in range(MAX_RESUMES):
            had = part.size
            try:
                return self._follow(place, part)
            except Transient:
                if part.size <= had or not part.can_go_on:
                    raise
        return self._follow(place, part)

    def _follow(self, place: httpx.URL, part: Part) -> Content:
        """One request, its redirects, and another one if what we have is of no use."""
        with self._named_errors(place):
            for _ in range(MAX_REDIRECTS + 1):
                with self._answer(place, part) as response:
                    if response.status in REDIRECTS:
                        place = _redirected(place, response)
                    elif resume.is_useless(part, response):
                        part.begin(None)
                    else:
                        return self._receive(response, part)
        raise Transient(f"{place.host}: more than {MAX_REDIRECTS} redirects")

    @contextmanager
    def _answer(self, place: httpx.URL, part: Part) -> Iterator[httpcore.Response]:
        target = httpcore.URL(
            scheme=place.raw_scheme, host=place.raw_host, port=place.port, target=place.raw_path
        )
        headers = {**HEADERS, "Host": place.netloc, **resume.asked_for(part)}
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), self.limits.silence)
        with self._pool.stream(
            "GET", target, headers=headers, extensions={"timeout": timeouts}
        ) as response:
            yield response

    def _receive(self, response: httpcore.Response, part: Part) -> Content:
        if response.status != 206 or not part.size:
            _check_status(response)
            part.begin(resume.version(response))
        if resume.length(response) > self.limits.max_bytes:
            part.begin(None)
            raise TooLarge(f"announced {resume.length(response)} bytes")
        with _named_encodings():
            self._write(_decoded(response, self.limits.max_bytes), part)
        kind = _kind(part)
        _check_whole(part, kind)
        return Content(part.sha256, part.size, kind)

    def _write(self, chunks: Iterator[bytes], part: Part) -> None:
        if not part.size:
            _write_head(chunks, part)
        for chunk in chunks:
            if part.size + len(chunk) > self.limits.max_bytes:
                part.begin(None)
                raise TooLarge(f"more than {self.limits.max_bytes} bytes")
            part.write(chunk)
        if part.version and part.size != part.version.total:
            raise Transient(f"{part.size} bytes of {part.version.total}")

    @contextmanager
    def _named_errors(self, place: httpx.URL) -> Iterator[None]:
        """Turn httpcore's errors into Transient; the class says more than its text, and is safe."""
        before = self._network.patience.received
        try:
            yield
        except BROKEN as error:
            silent = self._network.patience.received == before
            text = f"{place.host}: {type(error).__name__}"
            raise Transient(text, host_failed=silent) from error


class PublicNetwork(httpcore.NetworkBackend):
    """Opens sockets to public addresses and trusted hosts only.

    The name is resolved here and the socket goes to the address that was checked, so a name that
    changes its answer in between (DNS rebinding) gains nothing.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.patience = Patience(limits)
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first allowed address that answers. Raises ForbiddenAddress."""
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in self._allowed(host, port):
            wait = self.patience.cut(timeout)
            try:
                stream = self._sockets.connect_tcp(
                    address, port, wait, local_address, socket_options
                )
                return PatientStream(stream, self)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError("no address")

    def _allowed(self, host: str, port: int) -> list[str]:
        found = _resolved(host, port)
        try:
            addresses.check(host, port, found, self.limits.trusted_hosts)
        except addresses.NotPublic as error:
            raise ForbiddenAddress(str(error)) from error
        return found


class PatientStream(httpcore.NetworkStream):
    """A socket whose every wait is cut to what the download's patience leaves."""

    def __init__(self, stream: httpcore.NetworkStream, network: PublicNetwork) -> None:
        self._stream = stream
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read some bytes, and count them."""
        received = self._stream.read(max_bytes, self._network.patience.cut(timeout))
        self._network.patience.received += len(received)
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all bytes."""
        self._stream.write(buffer, self._network.patience.cut(timeout))

    def close(self) -> None:
        """Close the socket."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Go on over TLS."""
        wait = self._network.patience.cut(timeout)
        return PatientStream(
            self._stream.start_tls(ssl_context, server_hostname, wait), self._network
        )

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks of the socket."""
        return self._stream.get_extra_info(info)


def ssl_context() -> SSLContext:
    """The one of this process. Threads begin together: each would build one, and all would wait."""
    with _building:
        return _build_ssl_context()


@cache
def _build_ssl_context() -> SSLContext:
    return httpcore.default_ssl_context()  # reads all trusted certificates: 25 ms and more


def _resolved(host: str, port: int) -> list[str]:
    try:
        # bytes, because Python's IDNA codec raises UnicodeError for odd names
        found = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError("name not found") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _parsed(url: str) -> httpx.URL:
    try:
        place = httpx.URL(url)
        is_usable = place.scheme in SCHEMES and place.host and (place.port or 0) <= LAST_PORT
    except (httpx.InvalidURL, ValueError) as error:  # ValueError: half a surrogate pair, odd IDNA
        raise ForbiddenAddress("not a URL") from error
    if not is_usable:
        raise ForbiddenAddress("not an http(s) URL")
    return place


def _redirected(place: httpx.URL, response: httpcore.Response) -> httpx.URL:
    try:
        target = place.join(resume.header(response, b"location"))
    except (httpx.InvalidURL, ValueError) as error:
        raise ForbiddenAddress(f"{place.host} redirects to what is no URL") from error
    return _parsed(str(target))


def _decoded(response: httpcore.Response, limit: int) -> Iterator[bytes]:
    """The file's own bytes: a host may encode them although `identity` was asked for.

    A file that is announced as encoded and is not passes as it is. Raises DecodingError.
    """
    encoding = decoding.encoding_of(resume.header(response, b"content-encoding"))
    chunks = iter(response.iter_stream())
    if encoding == decoding.IDENTITY:
        return chunks
    head = next(chunks, b"")
    whole = chain([head], chunks)
    if media_types.recognise(head[: media_types.HEAD_SIZE]) is not None:
        return whole
    return decoding.decoded(whole, encoding, limit=limit)


@contextmanager
def _named_encodings() -> Iterator[None]:
    """Turn what is wrong with an encoded body into the errors of downloads."""
    try:
        yield
    except decoding.LimitExceeded as error:
        raise TooLarge(str(error)) from error
    except decoding.UnknownEncoding as error:
        raise NotServed(str(error)) from error
    except decoding.DecodingError as error:
        raise Transient(str(error)) from error


def _check_status(response: httpcore.Response) -> None:
    status = response.status
    if status == 200:
        return
    if status in BUSY or not 400 <= status < 500:
        pause = pauses.asked_for(resume.header(response, b"retry-after"))
        failed = status in BUSY or status >= 500
        raise Transient(f"HTTP {status}", retry_after=pause, host_failed=failed)
    # 403, 404, 410 and the rest: only another URL can help
    raise UrlExpired(f"HTTP {status}")


def _write_head(chunks: Iterator[bytes], part: Part) -> None:
    """Judge the first bytes before any more are read. Raises NotServed for a text."""
    for chunk in chunks:
        part.write(chunk)
        if part.size >= pages.PROBE_SIZE:
            break
    if not part.size:
        raise Transient("an empty body")
    _refuse_text(part)


def _refuse_text(part: Part) -> None:
    if media_types.recognise(part.head()) is None and pages.is_text(part.read(0, pages.PROBE_SIZE)):
        part.begin(None)
        raise NotServed("a text came in place of the file")


def _check_whole(part: Part, kind: media_types.Kind) -> None:
    """Raise Incomplete where the end is missing, whatever the host says of the length.

    Decoding judges nothing later. No attempt goes on from what has come.
    """
    if not truncation.is_whole(kind, part.read, part.size):
        part.version = None
        raise Incomplete(f"{part.size} bytes are not all of the {kind.extension}")


def _kind(part: Part) -> media_types.Kind:
    """What the whole part is, by its first bytes. Raises NotServed for a text, else NotMedia."""
    _refuse_text(part)
    kind = media_types.recognise(part.head())
    if kind is None:
        part.version = None
        raise NotMedia("the first bytes are of no image, sound or video")
    return kind
