"""Requests and answers over real sockets, as hosts may send them."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from storage.download import connections
from storage.download.connections import MAX_IDLE, MAX_OVERHEAD, BrokenConnection, Connections
from storage.download.limits import Limits
from tests.support.odd_server import OddServer, Reply, answering, head, odd_server, sending

BODY = bytes(range(256)) * 2000
CLOSING = head(200, {"Connection": "close"})
CHUNKED = head(200, {"Transfer-Encoding": "chunked"})
WHOLE = head(200, {"Content-Length": str(len(BODY))}) + BODY


@pytest.fixture
def client(cdn: OddServer) -> Iterator[Connections]:
    trusted = frozenset({cdn.host})
    with closing(Connections(Limits(trusted_hosts=trusted, idle_timeout=1))) as opened:
        yield opened


def get(client: Connections, url: str) -> tuple[int, bytes]:
    """The status and the body."""
    with client.get(httpx.URL(url), {b"Accept": b"*/*"}) as response:
        return response.status, b"".join(response.iter_stream())


def count_connections(cdn: OddServer) -> list[object]:
    """A list that gets an entry for each new connection to the server."""
    opened: list[object] = []
    accept = cdn.get_request

    def get_request() -> tuple[socket.socket, object]:
        accepted = accept()
        opened.append(accepted)
        return accepted

    cdn.get_request = get_request  # type: ignore[method-assign]  # the server's own hook
    return opened


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(sending(WHOLE), id="with a length"),
        pytest.param(
            answering(BODY, Connection="Upgrade, Keep-Alive", Upgrade="h2,h2c"),
            id="with an offer of another protocol",
        ),
        pytest.param(sending(CLOSING + BODY), id="until the connection ends"),
        pytest.param(
            sending(CHUNKED, *(b"100;x=y\r\n" + BODY[:256] + b"\r\n" for _ in range(2000)),
                    b"0\r\nTrailer: x\r\n\r\n"),
            id="in chunks with extensions and a trailer",
        ),
        pytest.param(
            sending(b"HTTP/1.1 100 Continue\r\n\r\n", head(103, {"Link": "x"}), WHOLE, pause=0.01),
            id="after informational answers",
        ),
        pytest.param(sending(*(WHOLE[n : n + 1000] for n in range(0, len(WHOLE), 1000))),
                     id="in small pieces"),
    ],
)  # fmt: skip
def test_the_body_arrives_as_the_host_sent_it(
    client: Connections, cdn: OddServer, reply: Reply
) -> None:
    assert get(client, cdn.serve("/file", reply)) == (200, BODY)


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (WHOLE[:-1], "closed too early"),
        (CHUNKED + b"5\r\nbytes\r\n", "closed too early"),
        (b"HTTP/1.1 200 OK\r\nContent-", "closed too early"),
        (b"", "closed too early"),
        (CHUNKED + b"bytes\r\n", "not valid"),
        (
            head(200, {"Transfer-Encoding": "gzip, chunked"}) + b"5\r\nbytes\r\n0\r\n\r\n",
            "not valid",
        ),
        (head(200, {"Transfer-Encoding": "chunked", "Content-Length": "5"}) + BODY, "not valid"),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "not valid"),
        (b"HTTP/1.1 200 OK\r\nX: a\nEvil: b\r\n\r\n", "not valid"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * MAX_OVERHEAD, "no file"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * MAX_OVERHEAD, "no file"),
        (CHUNKED + b"5;" + b"x" * 2 * MAX_OVERHEAD, "no file"),
    ],
)
def test_an_answer_that_is_no_valid_http_breaks_the_connection(
    client: Connections, cdn: OddServer, sent: bytes, why: str
) -> None:
    with pytest.raises(BrokenConnection, match=why):
        get(client, cdn.serve("/file", sending(sent)))


def test_a_connection_serves_one_file_after_another(client: Connections, cdn: OddServer) -> None:
    opened = count_connections(cdn)
    url = cdn.serve("/file", answering(BODY))

    assert [get(client, url) for _ in range(3)] == [(200, BODY)] * 3
    assert len(opened) == 1


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(answering(BODY, Connection="close"), id="the host closes it"),
        pytest.param(lambda peer: peer.sendall(WHOLE + WHOLE), id="a second answer came unasked"),
        pytest.param(lambda peer: peer.sendall(WHOLE + b"\0\0"), id="other bytes came unasked"),
    ],
)
def test_a_connection_is_not_used_again(client: Connections, cdn: OddServer, reply: Reply) -> None:
    opened = count_connections(cdn)
    url = cdn.serve("/file", reply)

    assert [get(client, url) for _ in range(3)] == [(200, BODY)] * 3
    assert len(opened) == 3


def test_a_connection_whose_body_was_not_read_is_not_used_again(
    client: Connections, cdn: OddServer
) -> None:
    opened = count_connections(cdn)
    url = httpx.URL(cdn.serve("/file", answering(BODY)))
    for _ in range(2):
        with client.get(url, {}):
            pass

    assert len(opened) == 2


def test_a_connection_that_the_host_closed_meanwhile_is_opened_again(
    client: Connections, cdn: OddServer
) -> None:
    closed = threading.Event()

    def answer_then_close(peer: socket.socket) -> None:
        peer.sendall(WHOLE)
        peer.shutdown(socket.SHUT_RDWR)
        closed.set()

    url = cdn.serve("/file", answer_then_close)

    for _ in range(3):
        assert get(client, url) == (200, BODY)
        assert closed.wait(5)
        closed.clear()


def test_an_old_idle_connection_is_not_trusted(
    client: Connections, cdn: OddServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = count_connections(cdn)
    url = cdn.serve("/file", answering(BODY))
    get(client, url)
    monkeypatch.setattr(connections, "MAX_IDLE_SECONDS", 0.0)

    get(client, url)

    assert len(opened) == 2


def test_few_connections_stay_open(cdn: OddServer) -> None:
    servers = [odd_server() for _ in range(MAX_IDLE + 1)]
    hosts = [each.__enter__() for each in servers]
    trusted = frozenset(each.host for each in hosts)
    opened = [count_connections(each) for each in hosts]
    with closing(Connections(Limits(trusted_hosts=trusted))) as client:
        for host in (*hosts, hosts[-1], hosts[0]):
            get(client, host.serve("/file", answering(BODY)))
    for each in servers:
        each.__exit__(None, None, None)

    assert [len(each) for each in opened] == [2, *[1] * MAX_IDLE]


@contextmanager
def tls_server(certificate: Path) -> Iterator[str]:
    """A host with TLS that sends the body once; yields its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            peer, _ = listening.accept()
            try:
                with context.wrap_socket(peer, server_side=True) as accepted:
                    accepted.recv(65536)
                    accepted.sendall(WHOLE)
            except OSError:  # a client that does not trust the certificate
                return

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that has signed itself, with its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def test_a_file_comes_over_tls(certificate: Path) -> None:
    connections._build_ssl_context.cache_clear()
    connections.ssl_context().load_verify_locations(certificate)
    with tls_server(certificate) as host:
        client = Connections(Limits(trusted_hosts=frozenset({host})))
        answer = get(client, f"https://{host}/file")
        client.close()
    connections._build_ssl_context.cache_clear()

    assert answer == (200, BODY)


def test_a_certificate_that_nothing_vouches_for_is_refused(certificate: Path) -> None:
    with tls_server(certificate) as host:
        client = Connections(Limits(trusted_hosts=frozenset({host})))

        with pytest.raises(BrokenConnection, match="SSLCertVerificationError"):
            get(client, f"https://{host}/file")
