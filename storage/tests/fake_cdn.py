"""A CDN over real sockets that answers as its script says, byte by byte if need be."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable

Script = Callable[[socket.socket], None]


class FakeCdn(socketserver.ThreadingTCPServer):
    """Listens on the loopback address; `scripts` says what each path does."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.scripts: dict[str, Script] = {}
        self.delays: dict[str, float] = {}
        self.requests: list[bytes] = []
        self.active = self.most_active = 0
        self.lock = threading.Lock()

    @property
    def host(self) -> str:
        """As a client is told to trust it."""
        return f"127.0.0.1:{self.server_address[1]}"

    def serve(self, path: str, script: Script, *, delay: float = 0) -> str:
        """Let the path do what the script says, after some seconds; returns its URL."""
        self.scripts[path], self.delays[path] = script, delay
        return f"http://{self.host}{path}"

    def wait(self, path: str) -> None:
        """Wait as the path wants it, and count how many wait at once.

        Not how many are answered at once: a client that has everything asks for the next file
        before this side has come to its end.
        """
        with self.lock:
            self.active += 1
            self.most_active = max(self.most_active, self.active)
        time.sleep(self.delays.get(path, 0))
        with self.lock:
            self.active -= 1


class Handler(socketserver.BaseRequestHandler):
    """One connection carries one request."""

    server: FakeCdn

    def handle(self) -> None:
        """Read the head of the request and run the script of its path."""
        head = b""
        while b"\r\n\r\n" not in head:
            received = self.request.recv(65536)
            if not received:
                return
            head += received
        self.server.requests.append(head)
        path = head.split(b" ")[1].partition(b"?")[0].decode()
        self.server.wait(path)
        try:
            self.server.scripts.get(path, answer(b"", status=404))(self.request)
        except OSError:  # the client left, as some tests want
            return


def head(status: int, headers: dict[str, str]) -> bytes:
    """The head of an answer, exactly as given."""
    lines = [f"HTTP/1.1 {status} Reason", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode()


def answer(body: bytes, *, status: int = 200, **headers: str) -> Script:
    """A whole answer; the underscores of header names stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def script(connection: socket.socket) -> None:
        connection.sendall(head(status, {"Content-Length": str(len(body)), **named}) + body)

    return script


def raw(*pieces: bytes, pause: float = 0) -> Script:
    """These bytes, with a pause after each piece, and then the end of the connection."""

    def script(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)

    return script


def reset_after(sent: bytes) -> Script:
    """These bytes, then a TCP reset."""

    def script(connection: socket.socket) -> None:
        connection.sendall(sent)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    return script


def redirect(location: str, *, status: int = 302) -> Script:
    """Send the client elsewhere."""
    return answer(b"", status=status, Location=location)
