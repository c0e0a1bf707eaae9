"""Fetches a media URL to verified bytes on disk, over connections to public addresses only.

Uses httpcore without httpx's client on top. httpcore lets this module open the socket itself, so
the address that was checked is the address that is used. It also takes a quarter less CPU per file.
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
    FileTooLarge,
    ForbiddenAddress,
    IncompleteFile,
    NotMedia,
    NotServed,
    TransientDownloadError,
    UrlExpired,
)
from storage.formats import media_types, pages, truncation
from storage.partial_files import PartialDownload
from storage.store import MediaContent

HEADERS: dict[bytes | str, bytes | str] = {
    "User-Agent": "Instarchiver",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
}
SCHEMES = frozenset({"http", "https"})
MAX_PORT = 65535
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 5
# How often one attempt resumes at once. It resumes only while each request brings bytes.
MAX_RESUMES = 5
BUSY = frozenset({408, 425, 429})
BROKEN = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)
IDLE_CONNECTIONS = 4
MEBIBYTE = 1024 * 1024

_building = threading.Lock()


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one download. `trusted_hosts` (`host:port`) may have private addresses."""

    max_bytes: int = 2 * 1024 * MEBIBYTE
    trusted_hosts: frozenset[str] = frozenset()
    # Seconds without a byte after which a connection is given up.
    idle_timeout: float = 20.0
    # Seconds after which the average rate must be above `min_rate`.
    grace_period: float = 60.0
    # Bytes per second.
    min_rate: float = 256 * 1024.0
    # Seconds for the whole download. Must stay below the time limit of a task.
    max_seconds: float = 20 * 60.0


@dataclass(slots=True)
class Deadline:
    """The time that a download may still take.

    A read timeout alone would let a host hold a thread without limit by sending one byte at a time.
    """

    limits: Limits
    started: float = field(default_factory=time.monotonic)
    received: int = 0

    def clamp(self, timeout: float | None) -> float:
        """Return the timeout or the time left, whichever is less. Raises ReadTimeout at the end."""
        earned = self.limits.grace_period + self.received / self.limits.min_rate
        left = self.started + min(self.limits.max_seconds, earned) - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("too slow")
        return left if timeout is None else min(left, timeout)


class Fetcher:
    """Fetches one URL at a time over its own connections. Not shared between threads."""

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

    def fetch(self, url: str, partial: PartialDownload) -> MediaContent:
        """Append the file behind the URL to the partial download, in constant memory.

        Raises DownloadError for every failure of the network; the partial download may have grown
        by then. After NotMedia and IncompleteFile it holds all bytes that the host sent.
        """
        self._network.deadline = Deadline(self.limits)
        parsed = _parsed(url)
        for _ in range(MAX_RESUMES):
            had = partial.size
            try:
                return self._follow(parsed, partial)
            except TransientDownloadError:
                if partial.size <= had or not partial.can_resume:
                    raise
        return self._follow(parsed, partial)

    def _follow(self, url: httpx.URL, partial: PartialDownload) -> MediaContent:
        """Send the request, follow redirects, and start over if the host cannot resume."""
        with self._translated_errors(url):
            for _ in range(MAX_REDIRECTS + 1):
                with self._answer(url, partial) as response:
                    if response.status in REDIRECTS:
                        url = _redirected(url, response)
                    elif resume.is_useless(partial, response):
                        partial.restart(None)
                    else:
                        return self._receive(response, partial)
        raise TransientDownloadError(f"{url.host}: more than {MAX_REDIRECTS} redirects")

    @contextmanager
    def _answer(self, url: httpx.URL, partial: PartialDownload) -> Iterator[httpcore.Response]:
        raw_url = httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        headers = {**HEADERS, "Host": url.netloc, **resume.range_headers(partial)}
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), self.limits.idle_timeout)
        with self._pool.stream(
            "GET", raw_url, headers=headers, extensions={"timeout": timeouts}
        ) as response:
            yield response

    def _receive(self, response: httpcore.Response, partial: PartialDownload) -> MediaContent:
        if response.status != 206 or not partial.size:
            _check_status(response)
            partial.restart(resume.version(response))
        if resume.length(response) > self.limits.max_bytes:
            partial.restart(None)
            raise FileTooLarge(f"announced {resume.length(response)} bytes")
        with _translated_decoding_errors():
            self._write(_decoded(response, self.limits.max_bytes), partial)
        kind = _kind(partial)
        # A host may announce the length of a file that is cut already. Enrichment never rejects a
        # file, so this is the only such check.
        if not truncation.is_whole(kind, partial.read, partial.size):
            partial.version = None  # no attempt may resume from these bytes
            raise IncompleteFile(f"{partial.size} bytes are not the whole {kind.extension}")
        return MediaContent(partial.sha256, partial.size, kind)

    def _write(self, chunks: Iterator[bytes], partial: PartialDownload) -> None:
        if not partial.size:
            _write_head(chunks, partial)
        for chunk in chunks:
            if partial.size + len(chunk) > self.limits.max_bytes:
                partial.restart(None)
                raise FileTooLarge(f"more than {self.limits.max_bytes} bytes")
            partial.write(chunk)
        if partial.version and partial.size != partial.version.total:
            raise TransientDownloadError(f"{partial.size} bytes of {partial.version.total}")

    @contextmanager
    def _translated_errors(self, url: httpx.URL) -> Iterator[None]:
        """Turn httpcore's errors into TransientDownloadError.

        The message names the class of the error. Its text may quote the signed URL.
        """
        before = self._network.deadline.received
        try:
            yield
        except BROKEN as error:
            silent = self._network.deadline.received == before
            text = f"{url.host}: {type(error).__name__}"
            raise TransientDownloadError(text, host_failed=silent) from error


class PublicNetwork(httpcore.NetworkBackend):
    """Opens sockets to public addresses and trusted hosts only.

    The name is resolved once, and the socket connects to the address that was checked. This defeats
    DNS rebinding, where a name resolves to a private address the second time.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.deadline = Deadline(limits)
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
            wait = self.deadline.clamp(timeout)
            try:
                stream = self._sockets.connect_tcp(
                    address, port, wait, local_address, socket_options
                )
                return DownloadStream(stream, self)
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


class DownloadStream(httpcore.NetworkStream):
    """A socket whose timeouts never exceed the download's deadline."""

    def __init__(self, stream: httpcore.NetworkStream, network: PublicNetwork) -> None:
        self._stream = stream
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        received = self._stream.read(max_bytes, self._network.deadline.clamp(timeout))
        self._network.deadline.received += len(received)
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._network.deadline.clamp(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        wait = self._network.deadline.clamp(timeout)
        return DownloadStream(
            self._stream.start_tls(ssl_context, server_hostname, wait), self._network
        )

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def ssl_context() -> SSLContext:
    """Return the SSL context of this process.

    Building one reads all trusted certificates, which takes 25 ms and more. Threads begin at the
    same time, so without the lock each of them would build its own.
    """
    with _building:
        return _build_ssl_context()


@cache
def _build_ssl_context() -> SSLContext:
    return httpcore.default_ssl_context()


def _resolved(host: str, port: int) -> list[str]:
    try:
        # The name is passed as bytes: for text, Python's IDNA codec may raise UnicodeError.
        found = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError("name not found") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
        is_usable = parsed.scheme in SCHEMES and parsed.host and (parsed.port or 0) <= MAX_PORT
    except (httpx.InvalidURL, ValueError) as error:  # ValueError: lone surrogates, invalid IDNA
        raise ForbiddenAddress("not a URL") from error
    if not is_usable:
        raise ForbiddenAddress("not an http(s) URL")
    return parsed


def _redirected(url: httpx.URL, response: httpcore.Response) -> httpx.URL:
    try:
        redirected = url.join(resume.header(response, b"location"))
    except (httpx.InvalidURL, ValueError) as error:
        raise ForbiddenAddress(f"{url.host} redirects to an invalid URL") from error
    return _parsed(str(redirected))


def _decoded(response: httpcore.Response, limit: int) -> Iterator[bytes]:
    """Return the file's own bytes in chunks. Raises DecodingError.

    Some hosts encode the body although `identity` was requested. Others announce an encoding and
    send the plain file, so a body that begins like a media file is not decoded.
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
def _translated_decoding_errors() -> Iterator[None]:
    try:
        yield
    except decoding.LimitExceeded as error:
        raise FileTooLarge(str(error)) from error
    except decoding.UnknownEncoding as error:
        raise NotServed(str(error)) from error
    except decoding.DecodingError as error:
        raise TransientDownloadError(str(error)) from error


def _check_status(response: httpcore.Response) -> None:
    status = response.status
    if status == 200:
        return
    if status in BUSY or not 400 <= status < 500:
        pause = pauses.asked_for(resume.header(response, b"retry-after"))
        failed = status in BUSY or status >= 500
        raise TransientDownloadError(f"HTTP {status}", retry_after=pause, host_failed=failed)
    # 403, 404, 410 and every other 4xx: the same URL will not work again, but a fresh one may.
    raise UrlExpired(f"HTTP {status}")


def _write_head(chunks: Iterator[bytes], partial: PartialDownload) -> None:
    """Write and check the first bytes before more are read. Raises NotServed for a text."""
    for chunk in chunks:
        partial.write(chunk)
        if partial.size >= pages.PROBE_SIZE:
            break
    if not partial.size:
        raise TransientDownloadError("an empty body")
    _reject_text(partial)


def _reject_text(partial: PartialDownload) -> None:
    if media_types.recognise(partial.head()) is None and pages.is_text(
        partial.read(0, pages.PROBE_SIZE)
    ):
        partial.restart(None)
        raise NotServed("a text came in place of the file")


def _kind(partial: PartialDownload) -> media_types.Kind:
    """Identify the file by its first bytes. Raises NotServed for a text, NotMedia if unknown."""
    _reject_text(partial)
    kind = media_types.recognise(partial.head())
    if kind is None:
        partial.version = None
        raise NotMedia("the first bytes match no image, sound or video")
    return kind
