"""A small HTTP server whose answers a test scripts byte by byte.

Tests of the Core API script replies in turn (`will`), tests of a CDN one for each path (`serve`).
"""

from __future__ import annotations

import re
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import stamina
from pytest_django import Settings

# Its punctuation is spelled differently in URLs and in JSON, so redaction has to find all of them.
TOKEN = "tk/Ab9+secret=="

Reply = Callable[[socket.socket], None]


class OddServer(socketserver.ThreadingTCPServer):
    """Listens on the loopback address and records the head of each request."""

    daemon_threads = True
    request_queue_size = 128  # the default of 5 is too few for clients with many threads

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.heads: list[bytes] = []
        self.most_active = 0
        self.gather = 0
        """Requests wait until this many were active at once, ten seconds at most."""
        self._active = 0
        self._in_turn = [answering(b"", 404)]
        self._by_path: dict[str, tuple[Reply, float]] = {}
        self._lock = threading.Lock()
        self._gathered = threading.Event()

    @property
    def host(self) -> str:
        """An entry of `MEDIA_TRUSTED_HOSTS`."""
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    @property
    def requests(self) -> list[str]:
        """The path and query of each request."""
        return [head.split(b" ")[1].decode() for head in self.heads]

    @property
    def tokens(self) -> list[str]:
        """The Authorization header of each request, or ""."""
        found = [re.search(rb"(?i)\r\nauthorization: *([^\r]*)", head) for head in self.heads]
        return [match[1].decode() if match else "" for match in found]

    def will(self, *replies: Reply) -> None:
        """Script the next replies, for all paths without one of their own. The last one repeats."""
        self._in_turn = list(replies)

    def serve(self, path: str, reply: Reply, *, delay: float = 0) -> str:
        """Reply to each request of the path after `delay` seconds; returns the URL."""
        self._by_path[path] = reply, delay
        return f"{self.url}{path}"

    def reply_to(self, head: bytes, connection: socket.socket) -> None:
        with self._lock:
            self.heads.append(head)
            path = head.split(b" ")[1].partition(b"?")[0].decode()
            reply, delay = self._by_path.get(path) or (self._in_turn[0], 0)
            if path not in self._by_path and len(self._in_turn) > 1:
                del self._in_turn[0]
        self._wait(delay)
        reply(connection)

    def _wait(self, delay: float) -> None:
        """Wait, and count how many requests wait at once."""
        # Waiting requests are counted, not replies: a client that has the whole file sends its next
        # request before this thread has finished the reply.
        with self._lock:
            self._active += 1
            self.most_active = max(self.most_active, self._active)
            if self.most_active >= self.gather:
                self._gathered.set()
        self._gathered.wait(10)
        time.sleep(delay)
        with self._lock:
            self._active -= 1


class Connection(socketserver.BaseRequestHandler):
    """Serves requests without a body until a reply or the client closes the connection."""

    server: OddServer

    def handle(self) -> None:
        try:
            while head := self._head():
                self.server.reply_to(head, self.request)
        except OSError:  # a test lets the client or the reply close the connection
            return

    def _head(self) -> bytes:
        head = b""
        while b"\r\n\r\n" not in head:
            received = self.request.recv(65536)
            if not received:
                return b""
            head += received
        return head


def head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Reason", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def answering(body: str | bytes, status: int = 200, **headers: str) -> Reply:
    """A complete answer; underscores in header names stand for hyphens."""
    content = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def reply(connection: socket.socket) -> None:
        connection.sendall(head(status, {"Content-Length": str(len(content)), **named}) + content)

    return reply


def redirecting(location: str, status: int = 302) -> Reply:
    return answering(b"", status, Location=location)


def sending(*pieces: bytes, pause: float = 0) -> Reply:
    """Send the pieces with a pause after each, then close the connection."""

    def reply(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        connection.shutdown(socket.SHUT_RDWR)

    return reply


def resetting_after(sent: bytes) -> Reply:
    """Send the bytes, then reset the connection."""

    def reply(connection: socket.socket) -> None:
        connection.sendall(sent)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    return reply


def sleeping(seconds: float) -> Reply:
    """Answer after so many seconds."""

    def reply(connection: socket.socket) -> None:
        time.sleep(seconds)
        answering('{"code": 200, "data": {}}')(connection)

    return reply


def pouring(size: int) -> Reply:
    return sending(head(200, {"Content-Length": str(size)}), *[b" " * 65536] * (size // 65536))


_PROMISE = head(200, {"Content-Length": "1000"})

hanging_up = sending()
"""Close the connection without an answer."""

cutting_the_body = sending(_PROMISE + b'{"code": 200,')
"""Promise more than is sent."""

dripping_headers = sending(b"HTTP/1.1 200 OK\r\nX-Slow: ", *[b"a"] * 200, pause=0.05)
"""Send a header byte by byte: each byte arrives in time, the whole header never does."""

dripping = sending(_PROMISE, *[b" "] * 1000, pause=0.05)
"""Send a body byte by byte: each byte arrives in time, the whole body never does."""


@contextmanager
def odd_server() -> Iterator[OddServer]:
    """Run the server on a free port of the loopback address."""
    with OddServer() as server:
        # `shutdown` waits for the next poll, which comes every half second by default.
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(name="server")
def core_api_server(settings: Settings) -> Iterator[OddServer]:
    """The server as the configured Core API. The client retries without pauses."""
    with odd_server() as running, stamina.set_testing(True, attempts=3):
        settings.CORE_API_URL, settings.CORE_API_TOKEN = running.url, TOKEN
        yield running
