"""Calls to the outside: guarded, bounded, logged without secrets, paid before they are sent."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from django.db import transaction

from core.http import client
from core.http.client import Bounds, Ended, Outgoing
from tests.support import odd_server as odd
from tests.support.odd_server import OddServer

SECRET = "k3y/of+the=feature"


@dataclass
class Book:
    """A log and a cap that only remember."""

    lines: list[str] = field(default_factory=list)
    ended: Ended | None = None
    is_spent: bool = False

    def begin(self, method: str, url: str) -> None:
        self.lines.append(f"{method} {url}")

    def end(self, ended: Ended) -> None:
        self.lines.append("end")
        self.ended = ended

    def reserve(self) -> None:
        if self.is_spent:
            raise BudgetSpent
        self.lines.append("reserve")

    def release(self) -> None:
        self.lines.append("release")


class BudgetSpent(Exception):
    """The cap refuses."""


@pytest.fixture
def server() -> Iterator[OddServer]:
    """A host on the outside."""
    with odd.odd_server() as running:
        yield running


@pytest.fixture
def book() -> Book:
    """Where calls are written down."""
    return Book()


@pytest.fixture
def bounds(server: OddServer) -> Bounds:
    """Those of a call to the server, which has a private address."""
    return Bounds(seconds=1.0, max_bytes=1000, trusted_hosts=frozenset({server.host}))


def get(url: str, book: Book, bounds: Bounds | None = None, **headers: str) -> client.Reply:
    outgoing = Outgoing("GET", url, headers=headers, secrets=(SECRET,))
    return client.send(outgoing, log=book, cap=book, bounds=bounds)


def test_a_call_is_paid_and_logged_before_it_is_sent(
    server: OddServer, book: Book, bounds: Bounds
) -> None:
    server.will(odd.answering("hello", 201, X_Kind="greeting"))

    reply = get(f"{server.url}/a", book, bounds)

    assert (reply.status, reply.body, reply.headers["x-kind"]) == (201, b"hello", "greeting")
    assert book.lines == ["reserve", f"GET {server.url}/a", "end"]
    assert book.ended is not None
    assert (book.ended.status, book.ended.received, book.ended.was_sent) == (201, 5, True)


def test_a_cap_that_refuses_lets_nothing_out(server: OddServer, book: Book, bounds: Bounds) -> None:
    book.is_spent = True

    with pytest.raises(BudgetSpent):
        get(server.url, book, bounds)

    assert (server.heads, book.lines) == ([], [])


def test_the_log_learns_no_secret(server: OddServer, book: Book, bounds: Bounds) -> None:
    address = f"http://me:{SECRET.replace('/', '%2F')}@{server.host}/hooks/{SECRET}?token=abc&b=1"

    get(address, book, bounds)

    assert book.lines[1] == f"GET {server.url}/hooks/[redacted]?token&b"
    assert server.requests == [f"/hooks/{SECRET}?token=abc&b=1"]


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/", "http://localhost:9/", "http://[::1]/"])
def test_a_private_address_is_refused_and_costs_nothing(address: str, book: Book) -> None:
    with pytest.raises(client.Unsendable):
        get(address, book)

    assert (book.lines[0], book.lines[-1]) == ("reserve", "release")


@pytest.mark.parametrize("address", ["ftp://example.org/", "/only/a/path", "http://[", "http://"])
def test_what_is_no_http_url_is_refused(address: str, book: Book) -> None:
    with pytest.raises(client.NeverSent):
        get(address, book)

    assert book.lines[-1] == "release"


@pytest.mark.parametrize("value", ["line\nbreak", "sn\N{SNOWMAN}wman"])
def test_a_header_that_cannot_be_written_is_refused_unquoted(
    value: str, server: OddServer, book: Book, bounds: Bounds
) -> None:
    with pytest.raises(client.Unsendable) as error:
        get(server.url, book, bounds, authorization=value)

    assert value not in str(error.value)
    assert server.heads == []


def test_a_refused_connection_is_not_charged(book: Book) -> None:
    with pytest.raises(client.NeverSent):
        get("http://127.0.0.1:9/", book, Bounds(trusted_hosts=frozenset({"127.0.0.1:9"})))

    assert book.lines[-1] == "release"


@pytest.mark.slow
@pytest.mark.parametrize("reply", [odd.dripping, odd.dripping_headers, odd.sleeping(5)])
def test_one_deadline_covers_headers_and_body(
    reply: odd.Reply, server: OddServer, book: Book, bounds: Bounds
) -> None:
    server.will(reply)
    began = time.monotonic()

    with pytest.raises(client.Unanswered):
        get(server.url, book, bounds)

    assert time.monotonic() - began < 3
    assert book.lines[-1] == "end"
    assert book.ended is not None
    assert book.ended.error == "Unanswered"


@pytest.mark.parametrize("reply", [odd.hanging_up, odd.cutting_the_body])
def test_an_answer_that_breaks_off_may_have_been_charged(
    reply: odd.Reply, server: OddServer, book: Book, bounds: Bounds
) -> None:
    server.will(reply)

    with pytest.raises(client.Unanswered):
        get(server.url, book, bounds)

    assert "release" not in book.lines


def test_a_body_that_opens_beyond_the_bound_is_refused(
    server: OddServer, book: Book, bounds: Bounds
) -> None:
    server.will(odd.answering(gzip.compress(b" " * 1001), Content_Encoding="gzip"))

    with pytest.raises(client.Oversized):
        get(server.url, book, bounds)


def test_a_redirect_is_an_answer(server: OddServer, book: Book, bounds: Bounds) -> None:
    server.will(odd.redirecting("http://10.0.0.1/"))

    assert get(server.url, book, bounds).status == 302
    assert len(server.heads) == 1


@pytest.mark.django_db
def test_a_call_inside_a_transaction_is_refused(book: Book) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        get("http://127.0.0.1:9/", book)

    assert book.lines == []
