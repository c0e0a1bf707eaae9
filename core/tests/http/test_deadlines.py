"""One deadline for the whole of a call, however each of its parts drags on."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import httpcore
import pytest

from core.http.deadlines import DeadlineBackend, DeadlineStream, deadline, remaining


@contextmanager
def ends_within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def drip(connection: socket.socket, piece: bytes) -> None:
    try:
        while True:
            connection.sendall(piece)
            time.sleep(0.05)
    except OSError:  # the test has ended
        return


@pytest.fixture(name="dripping")
def dripping_stream() -> Iterator[httpcore.NetworkStream]:
    """A connection whose other side sends a TLS record byte by byte, and never its end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = DeadlineBackend().connect_tcp("127.0.0.1", server.getsockname()[1], 5)
        accepted, _ = server.accept()
        accepted.sendall(b"\x16\x03\x03\x40\x00")
        thread = threading.Thread(target=drip, args=(accepted, b"\0"), daemon=True)
        thread.start()
        yield stream
        stream.close()
        accepted.close()
        thread.join()


def test_a_timeout_is_cut_to_what_is_left() -> None:
    with deadline(5):
        left = remaining(60, httpcore.ReadTimeout)

    assert left is not None
    assert 4 < left <= 5


def test_a_shorter_timeout_stays_as_it_is() -> None:
    with deadline(5):
        assert remaining(1, httpcore.ReadTimeout) == 1


def test_without_a_deadline_a_timeout_stays_as_it_is() -> None:
    assert remaining(60, httpcore.ReadTimeout) == 60


def test_after_the_deadline_there_is_no_wait_left() -> None:
    with deadline(0), pytest.raises(httpcore.WriteTimeout):
        remaining(60, httpcore.WriteTimeout)


def test_a_deadline_holds_for_its_own_thread_alone() -> None:
    seen = []
    with deadline(1):
        other = threading.Thread(target=lambda: seen.append(remaining(60, httpcore.ReadTimeout)))
        other.start()
        other.join()

    assert seen == [60]


def test_bytes_that_drip_do_not_extend_it(dripping: DeadlineStream) -> None:
    with ends_within(2), deadline(0.4), pytest.raises(httpcore.ReadTimeout):
        deque(iter(lambda: dripping.read(1, timeout=5), b""), maxlen=0)


def test_a_tls_handshake_that_drips_does_not_extend_it(dripping: DeadlineStream) -> None:
    context = ssl.create_default_context()
    with ends_within(2), deadline(0.4), pytest.raises(httpcore.ConnectTimeout):
        dripping.start_tls(context, "localhost", timeout=5)


def test_an_endless_name_lookup_does_not_extend_it() -> None:
    over = threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        over.wait(10)
        return []

    with ends_within(2), deadline(0.3), pytest.raises(httpcore.ConnectTimeout):
        DeadlineBackend(resolve).connect_tcp("slow.example", 443, 5)
    over.set()


def test_a_name_without_an_address_is_an_error_of_the_connection() -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with pytest.raises(httpcore.ConnectError):
        DeadlineBackend(resolve).connect_tcp("nowhere.example", 443, 5)


def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        backend = DeadlineBackend(lambda _host, _port: ["::1", "127.0.0.1"])

        backend.connect_tcp("two.example", server.getsockname()[1], 5).close()
