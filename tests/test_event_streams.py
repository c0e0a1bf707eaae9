"""Many open event streams beside reads, on the web server of a local archive."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection

import pytest

from instagram import actions
from instagram.models import ArchiveRun
from tests.support.web import WebServer, web_server

pytestmark = pytest.mark.django_db(transaction=True)
STREAMS = 200


@pytest.fixture
def run() -> ArchiveRun:
    return actions.add_profile(name="some.profile", by=None).run


def opened(server: WebServer, run: ArchiveRun, stack: ExitStack) -> Iterator[socket.socket]:
    """Streams whose first event has arrived."""
    request = f"GET /instagram/runs/{run.pk}/events/ HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    waiting = []
    for _ in range(STREAMS):
        stream = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 30))
        stream.sendall(request)
        waiting.append(stream)
    for stream in waiting:
        if b"event: progress" in until(stream, b"event: progress", b" 503 "):
            yield stream


def until(stream: socket.socket, *marks: bytes) -> bytes:
    """What the server sends until one of the marks, or the end."""
    received = b""
    while not any(mark in received for mark in marks):
        chunk = stream.recv(65536)
        if not chunk:
            break
        received += chunk
    return received


def status_of_a_read(server: WebServer) -> int:
    asking = HTTPConnection("127.0.0.1", server.port, timeout=30)
    asking.request("GET", "/instagram/users/")
    status = asking.getresponse().status
    asking.close()
    return status


def test_200_streams_stay_open_beside_reads(run: ArchiveRun) -> None:
    # Either of the two processes may accept nearly all connections.
    with web_server(EVENT_STREAMS=str(STREAMS)) as server, ExitStack() as stack:
        streams = [*opened(server, run, stack)]
        assert len(streams) == STREAMS

        assert [status_of_a_read(server) for _ in range(200)] == [200] * 200

        ArchiveRun.objects.update(state=ArchiveRun.State.SUCCEEDED)
        assert all(b"event: end" in until(stream, b"event: end") for stream in streams)


def test_streams_beyond_the_bound_leave_the_reads_alone(run: ArchiveRun) -> None:
    with web_server(EVENT_STREAMS="10") as server, ExitStack() as stack:
        streams = [*opened(server, run, stack)]
        assert len(streams) == 20

        assert [status_of_a_read(server) for _ in range(200)] == [200] * 200
