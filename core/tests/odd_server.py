"""A small HTTP server that answers whatever a test scripts, byte for byte; a fake, not a mock."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import stamina
from pytest_django import Settings

# Letters, digits and what has other spellings in a URL or in JSON
TOKEN = "tk/Ab9+secret=="

Reply = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class OddServer:
    """Gives the scripted replies in turn, and the last of them for ever."""

    url: str
    replies: list[Reply] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)

    def will(self, *replies: Reply) -> None:
        """Script the coming replies."""
        self.replies = list(replies)

    def reply_to(self, handler: BaseHTTPRequestHandler) -> None:
        """Note the request and give the next reply."""
        self.requests.append(handler.path)
        self.tokens.append(handler.headers.get("Authorization", ""))
        self.arrived.set()
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        with suppress(BrokenPipeError, ConnectionResetError):
            reply(handler)


def answering(body: str | bytes, status: int = 200, **headers: str) -> Reply:
    """A complete answer; underscores in header names stand for hyphens."""
    raw = body.encode() if isinstance(body, str) else body

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)

    return reply


def hanging_up(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without an answer."""
    handler.connection.shutdown(socket.SHUT_RDWR)


def cutting_the_body(handler: BaseHTTPRequestHandler) -> None:
    """Promise more than is sent."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"code": 200,')
    handler.connection.shutdown(socket.SHUT_RDWR)


def sleeping(seconds: float) -> Reply:
    """Say nothing for a while, then answer."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        answering('{"code": 200, "data": {}}')(handler)

    return reply


def dripping(handler: BaseHTTPRequestHandler) -> None:
    """Send a body one byte at a time, each in time and the whole of it never."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b" ")
        time.sleep(0.05)


def pouring(size: int) -> Reply:
    """Send a body of that many bytes."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(size))
        handler.end_headers()
        for _ in range(size // 65536):
            handler.wfile.write(b" " * 65536)

    return reply


@contextmanager
def odd_server() -> Iterator[OddServer]:
    """Run the server on a free port of the loopback address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.reply_to(self)

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    server = OddServer(url=f"http://127.0.0.1:{listener.server_port}")
    thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


@pytest.fixture(name="server")
def core_api_server(settings: Settings) -> Iterator[OddServer]:
    """The server as the Core API in force; retries happen, but without their pauses."""
    with odd_server() as running, stamina.set_testing(True, attempts=3):
        settings.CORE_API_URL, settings.CORE_API_TOKEN = running.url, TOKEN
        yield running
