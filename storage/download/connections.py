"""HTTP/1.1 over connections to public addresses only, with little more CPU than the bytes cost.

This module opens the sockets itself, so the address that was checked is the address that is used,
and each wait keeps to the deadline of the download. llhttp parses the answers (ADR 17).
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import certifi
import httptools
import httpx

from core.http import addresses
from storage.download.limits import Deadline, Limits
from storage.errors import ForbiddenAddress

Headers = Mapping[bytes, bytes]
Origin = tuple[str, str, int]
"""Scheme, host and port."""

PORTS = {"http": 80, "https": 443}
MAX_IDLE = 4
# Seconds. Idle connections are closed by their host, or forgotten by a router without a word.
MAX_IDLE_SECONDS = 30.0
# Bytes per read. Larger reads save less than their memory costs.
READ_SIZE = 128 * 1024
# Bytes that may pass without a byte of the body: the head, and the frames of chunks.
MAX_OVERHEAD = 64 * 1024

_building = threading.Lock()


class BrokenConnection(Exception):
    """The host was not reached, broke off, or sent no HTTP. The text says why, without the URL."""


class Response:
    """An answer: its head, and its body in chunks. Filled by the parser."""

    def __init__(self, connection: Connection) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.is_complete = False
        self.keeps_alive = False
        self._connection = connection
        self._parser = httptools.HttpResponseParser(self)
        self._chunks: list[bytes] = []
        self._overhead = 0

    def read_head(self) -> None:
        """Receive until the head is there. Raises BrokenConnection."""
        while not self.status:
            self._receive()

    def iter_stream(self) -> Iterator[bytes]:
        """Yield the body in pieces of about READ_SIZE, without the framing of chunks.

        Raises BrokenConnection after the last byte that arrived.
        """
        try:
            while not self.is_complete:
                self._receive()
                # A host sends far smaller pieces, and each one costs its reader some system calls.
                if sum(map(len, self._chunks)) >= READ_SIZE:
                    yield self._taken()
        except BrokenConnection:
            yield self._taken()
            raise
        yield self._taken()

    def _taken(self) -> bytes:
        chunks, self._chunks = self._chunks, []
        return b"".join(chunks)

    def _receive(self) -> None:
        received = self._connection.receive()
        self._overhead += len(received)
        if not received:
            self._end()
            return
        try:
            self._parser.feed_data(received)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            # Bytes behind a complete answer make only the connection useless.
            self.keeps_alive = False
            if not self.is_complete:
                raise BrokenConnection("not valid HTTP") from error
        if self._overhead > MAX_OVERHEAD and not self.is_complete:
            raise BrokenConnection("too many bytes that belong to no file")

    def _end(self) -> None:
        """The host has closed the connection, which ends a body that has no other end."""
        names = {name.lower() for name, _ in self.headers}
        if not self.status or names & {b"content-length", b"transfer-encoding"}:
            raise BrokenConnection("closed too early")
        self.is_complete = True

    # The parser calls the following methods.

    def on_message_begin(self) -> None:
        if self.is_complete:
            raise httptools.HttpParserError("a second answer")
        self.headers = []  # those of an informational answer

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        self.status = status if status >= httpx.codes.OK else 0
        codings = [value for name, value in self.headers if name.lower() == b"transfer-encoding"]
        if codings not in ([], [b"chunked"]):
            raise httptools.HttpParserError("unknown transfer coding")

    def on_body(self, body: bytes) -> None:
        self._overhead = 0
        self._chunks.append(body)

    def on_message_complete(self) -> None:
        # Afterwards the parser begins the next answer and knows no more of this one.
        self.keeps_alive = self._parser.should_keep_alive()
        self.is_complete = self.status != 0


@dataclass(slots=True)
class Connection:
    """An open socket, and the buffer of its thread."""

    socket: socket.socket
    buffer: memoryview
    deadline: Deadline
    used_at: float = 0.0
    timeout: float = 0.0

    def get(self, request: bytes) -> Response:
        """Send a request, and receive the head of its answer. Raises BrokenConnection."""
        with _translated():
            self._set_timeout()
            self.socket.sendall(request)
        response = Response(self)
        response.read_head()
        return response

    def receive(self) -> memoryview:
        """Return what has arrived, valid until the next call; nothing if the host has closed."""
        with _translated():
            self._set_timeout()
            size = self.socket.recv_into(self.buffer)
        self.deadline.received += size
        return self.buffer[:size]

    def _set_timeout(self) -> None:
        """Let the socket wait as long as the deadline allows; a system call if that has changed."""
        timeout = self.deadline.timeout()
        if timeout != self.timeout:
            self.socket.settimeout(timeout)
            self.timeout = timeout

    def is_usable(self) -> bool:
        """Whether an idle connection can take a request. One that the host closed is readable."""
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return time.monotonic() - self.used_at < MAX_IDLE_SECONDS and not poll.poll(0)

    def close(self) -> None:
        self.socket.close()


class Connections:
    """The connections of one thread, a few of which stay open for the next file."""

    def __init__(self, limits: Limits) -> None:
        self.deadline = Deadline(limits)
        self._trusted_hosts = limits.trusted_hosts
        self._buffer = memoryview(bytearray(READ_SIZE))
        self._idle: dict[Origin, Connection] = {}

    @contextmanager
    def get(self, url: httpx.URL, headers: Headers) -> Iterator[Response]:
        """Send a request, and yield its answer before the body is read.

        Raises BrokenConnection, and ForbiddenAddress if the host is not on the public internet.
        """
        origin = (url.scheme, url.raw_host.decode(), url.port or PORTS[url.scheme])
        connection = self._idle_to(origin) or self._connect(origin)
        response = None
        try:
            response = connection.get(_request(url, headers))
            yield response
        finally:
            if response and response.is_complete and response.keeps_alive:
                self._keep(origin, connection)
            else:
                connection.close()

    def close(self) -> None:
        for connection in self._idle.values():
            connection.close()
        self._idle.clear()

    def _idle_to(self, origin: Origin) -> Connection | None:
        connection = self._idle.pop(origin, None)
        if connection is None:
            return None
        if not connection.is_usable():
            connection.close()
            return None
        connection.deadline = self.deadline
        return connection

    def _keep(self, origin: Origin, connection: Connection) -> None:
        connection.used_at = time.monotonic()
        self._idle[origin] = connection
        if len(self._idle) > MAX_IDLE:
            self._idle.pop(next(iter(self._idle))).close()

    def _connect(self, origin: Origin) -> Connection:
        scheme, host, port = origin
        opened = self._open(host, port)
        try:
            with _translated():
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if scheme == "https":
                    opened.settimeout(self.deadline.timeout())
                    opened = ssl_context().wrap_socket(opened, server_hostname=host)
        except BrokenConnection:
            opened.close()
            raise
        return Connection(opened, self._buffer, self.deadline)

    def _open(self, host: str, port: int) -> socket.socket:
        """Connect to the first address that answers, if all addresses of the host are allowed."""
        found = _resolved(host, port)
        try:
            addresses.check(host, port, found, self._trusted_hosts)
        except addresses.NotPublic as error:
            raise ForbiddenAddress(str(error)) from error
        failure: BrokenConnection | None = None
        for address in found:
            try:
                with _translated():
                    return socket.create_connection((address, port), self.deadline.timeout())
            except BrokenConnection as error:
                failure = error
        raise failure or BrokenConnection("no address")


def ssl_context() -> ssl.SSLContext:
    """Return the SSL context of this process.

    Building one reads all trusted certificates, which takes 25 ms and more. Threads begin at the
    same time, so without the lock each of them would build its own.
    """
    with _building:
        return _build_ssl_context()


@cache
def _build_ssl_context() -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


def _resolved(host: str, port: int) -> list[str]:
    try:
        # The name is passed as bytes: for text, Python's IDNA codec may raise UnicodeError.
        found = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise BrokenConnection("name not found") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _request(url: httpx.URL, headers: Headers) -> bytes:
    lines = {b"Host": url.netloc, **headers}
    head = b"".join(b"%b: %b\r\n" % line for line in lines.items())
    return b"GET %b HTTP/1.1\r\n%b\r\n" % (url.raw_path, head)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn errors of a socket into BrokenConnection. Their texts may contain what was sent."""
    try:
        yield
    except TimeoutError as error:
        raise BrokenConnection("too slow") from error
    except (OSError, ValueError) as error:  # ValueError: a name that TLS does not accept
        raise BrokenConnection(type(error).__name__) from error
