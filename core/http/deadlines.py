"""One deadline for all of a call: the name, the connection, TLS, the headers and the body.

The timeouts of an HTTP library begin again with each wait, so headers that drip never reach them.
Here every wait of a socket is cut to what is left of the call's time:

    with deadline(60):
        client.get(url)     # a client whose transport is DeadlineTransport

A deadline belongs to the thread (or context) that waits, so that threads share connections.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ssl import SSLContext
from typing import Any

import httpcore
import httpx

Resolver = Callable[[str, int], list[str]]
Guard = Callable[[str, int, list[str]], None]
"""Gets host, port and the addresses found; raises what refuses the call."""
Timeout = type[httpcore.TimeoutException]

_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Let every wait inside end after so many seconds from now, with a timeout of its kind."""
    token = _ends_at.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


def remaining(timeout: float | None, exceeded: Timeout) -> float | None:
    """The timeout, cut to what the deadline leaves. Raises `exceeded` where nothing is left."""
    ends_at = _ends_at.get()
    if ends_at is None:
        return timeout
    left = ends_at - time.monotonic()
    if left <= 0:
        raise exceeded("the deadline of the call is over")
    return left if timeout is None else min(left, timeout)


class DeadlineTransport(httpx.BaseTransport):
    """Pooled connections that keep the deadline in force. Raises httpx's errors."""

    def __init__(
        self, *, max_connections: int, keepalive_expiry: float, guard: Guard | None = None
    ) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=max_connections,
            keepalive_expiry=keepalive_expiry,
            network_backend=DeadlineBackend(guard=guard),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; the body of the response is still to be read."""
        url = request.url
        with _named_as_httpx_does():
            response = self._pool.handle_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(
                        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=response.extensions,
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        with _named_as_httpx_does():
            yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


@contextmanager
def _named_as_httpx_does() -> Iterator[None]:
    """httpx has an error of the same name for each of httpcore's."""
    try:
        yield
    except (
        httpcore.TimeoutException,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.UnsupportedProtocol,
    ) as error:
        kind: type[httpx.TransportError] = getattr(httpx, type(error).__name__)
        raise kind(str(error)) from error


def addresses(host: str, port: int) -> list[str]:
    """The IP addresses of the name, in the system's order. Raises OSError."""
    # bytes, because Python's IDNA codec raises UnicodeError for odd names
    found = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens sockets whose every wait keeps the deadline in force."""

    def __init__(self, resolve: Resolver = addresses, guard: Guard | None = None) -> None:
        self._resolve = resolve
        self._guard = guard
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers.

        Raises ConnectError or ConnectTimeout, and what the guard raises.
        """
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        found = self._resolved(host, port, remaining(timeout, httpcore.ConnectTimeout))
        if self._guard is not None:
            self._guard(host, port, found)
        for address in found:
            wait = remaining(timeout, httpcore.ConnectTimeout)
            try:
                stream = self._sockets.connect_tcp(
                    address, port, wait, local_address, socket_options
                )
                return DeadlineStream(stream)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError("no address")

    def _resolved(self, host: str, port: int, wait: float | None) -> list[str]:
        """Resolve in a thread: the system's resolver takes as long as it likes."""
        results: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

        def resolve() -> None:
            try:
                results.put(self._resolve(host, port))
            except OSError as error:
                results.put(error)

        threading.Thread(target=resolve, name="resolve", daemon=True).start()
        try:
            found = results.get(timeout=wait)
        except queue.Empty:
            raise httpcore.ConnectTimeout("the name was not found in time") from None
        if isinstance(found, OSError):
            raise httpcore.ConnectError("name not found") from found
        return found


class DeadlineStream(httpcore.NetworkStream):
    """A socket whose every wait keeps the deadline in force."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read some bytes. Raises ReadTimeout."""
        return self._stream.read(max_bytes, remaining(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all bytes. Raises WriteTimeout."""
        self._stream.write(buffer, remaining(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """Close the socket."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Go on over TLS. Raises ConnectTimeout, however the handshake drips."""
        wait = remaining(timeout, httpcore.ConnectTimeout)
        return DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, wait))

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks of the socket."""
        return self._stream.get_extra_info(info)
