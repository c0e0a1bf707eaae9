"""From a URL to verified bytes, over real sockets."""

from __future__ import annotations

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from storage.download.connections import _build_ssl_context, ssl_context
from storage.download.fetch import Fetcher
from storage.download.limits import Limits
from storage.errors import (
    DownloadError,
    FileTooLarge,
    ForbiddenAddress,
    NotMedia,
    NotServed,
    TransientDownloadError,
    UrlExpired,
)
from storage.formats import media_types
from storage.partial_files import PartialDownload
from storage.store import MediaContent
from tests.support import samples
from tests.support.odd_server import (
    OddServer,
    Reply,
    answering,
    head,
    redirecting,
    resetting_after,
    sending,
)

JPEG = samples.jpeg()


class Client:
    """Fetches from the fake CDN, with limits that suit a test."""

    def __init__(self, cdn: OddServer, folder: Path) -> None:
        self.cdn = cdn
        self.path = folder / "file"
        self.limits = Limits(
            max_bytes=1_000_000,
            trusted_hosts=frozenset({cdn.host}),
            idle_timeout=0.5,
            grace_period=0.5,
        )

    def get(self, url: str) -> MediaContent:
        with Fetcher(self.limits) as fetcher:
            return self.get_with(fetcher, url)

    def get_with(self, fetcher: Fetcher, url: str) -> MediaContent:
        with self.path.open("w+b", buffering=0) as file:
            return fetcher.fetch(url, PartialDownload(file))

    def run(self, reply: Reply) -> MediaContent:
        return self.get(self.cdn.serve("/file.jpg", reply))


@pytest.fixture
def client(cdn: OddServer, tmp_path: Path) -> Client:
    return Client(cdn, tmp_path)


def test_the_bytes_lie_in_the_file_and_are_hashed(client: Client) -> None:
    content = client.run(answering(JPEG))

    assert content == MediaContent(hashlib.sha256(JPEG).hexdigest(), len(JPEG), media_types.JPEG)
    assert client.path.read_bytes() == JPEG


def test_the_true_type_wins_over_the_claimed_one(client: Client) -> None:
    content = client.run(answering(samples.video(), Content_Type="image/jpeg"))

    assert content.kind == media_types.MP4


def test_a_chunked_answer_is_read_to_its_end(client: Client) -> None:
    chunk = f"{len(JPEG):x}\r\n".encode() + JPEG + b"\r\n0\r\n\r\n"

    content = client.run(sending(head(200, {"Transfer-Encoding": "chunked"}) + chunk))

    assert content.size == len(JPEG)


def test_a_connection_is_used_again(client: Client) -> None:
    url = client.cdn.serve("/file.jpg", answering(JPEG))
    with Fetcher(client.limits) as fetcher:
        sizes = [client.get_with(fetcher, url).size for _ in range(3)]

    assert sizes == [len(JPEG)] * 3


def test_nothing_that_identifies_us_is_sent(client: Client) -> None:
    client.get(client.cdn.serve("/file.jpg", answering(JPEG)).replace("//", "//user:secret@"))

    sent = client.cdn.heads[0].lower()
    assert b"authorization" not in sent
    assert b"cookie" not in sent


def test_a_proxy_of_the_environment_is_not_used(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    assert client.run(answering(JPEG)).size == len(JPEG)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(answering(b""), id="zero bytes"),
        pytest.param(
            sending(head(200, {"Content-Length": "99999"}) + JPEG), id="short of its length"
        ),
        pytest.param(
            sending(head(200, {"Transfer-Encoding": "chunked"}) + b"fff\r\n" + JPEG),
            id="short chunk",
        ),
        pytest.param(resetting_after(b""), id="reset before the head"),
        pytest.param(
            resetting_after(head(200, {"Content-Length": "99999"}) + JPEG), id="reset in the body"
        ),
        pytest.param(sending(b"SSH-2.0-OpenSSH\r\n"), id="not HTTP"),
        pytest.param(sending(b"", pause=1), id="silence"),
        pytest.param(answering(b"busy", status=429), id="429"),
        pytest.param(answering(b"broken", status=500), id="500"),
        pytest.param(answering(b"broken", status=503), id="503"),
        pytest.param(answering(b"", status=204), id="204"),
        pytest.param(
            sending(head(200, {"Content-Length": "abc"}) + JPEG), id="length is no number"
        ),
        pytest.param(sending(head(200, {"X": "y" * 200_000})), id="huge head"),
    ],
)
def test_a_passing_fault_is_transient(client: Client, reply: Reply) -> None:
    with pytest.raises(TransientDownloadError):
        client.run(reply)


def test_a_drip_of_the_body_ends_at_the_deadline(client: Client) -> None:
    pieces = [JPEG[place : place + 1] for place in range(len(JPEG))]
    reply = sending(head(200, {"Content-Length": str(len(JPEG))}), *pieces, pause=0.05)
    started = time.monotonic()

    with pytest.raises(TransientDownloadError, match="too slow"):
        client.run(reply)

    assert time.monotonic() - started < 2


def test_a_drip_of_the_head_ends_at_the_deadline(client: Client) -> None:
    with pytest.raises(TransientDownloadError, match="too slow"):
        client.run(sending(b"HTTP/1.1 200 OK\r\nX: ", *[b"y"] * 100, pause=0.05))


@pytest.mark.slow
def test_a_fast_download_may_last_longer_than_the_grace_period(client: Client) -> None:
    client.limits = replace(client.limits, grace_period=0.3, min_rate=1000)
    body = JPEG + bytes(40_000)
    pieces = [body[place : place + 5000] for place in range(0, len(body), 5000)]

    content = client.run(sending(head(200, {"Content-Length": str(len(body))}), *pieces, pause=0.1))

    assert content.size == len(body)


def test_the_total_time_limit_holds_at_any_rate(client: Client) -> None:
    client.limits = replace(client.limits, max_seconds=0.3)
    pieces = [JPEG, *[bytes(10_000)] * 50]

    with pytest.raises(TransientDownloadError):
        client.run(sending(head(200, {"Content-Length": "900000"}), *pieces, pause=0.05))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refused_url_has_expired(client: Client, status: int) -> None:
    with pytest.raises(UrlExpired, match=str(status)):
        client.run(answering(b"URL signature expired", status=status))


@pytest.mark.parametrize(
    ("asked", "pause"),
    [("7", 7.0), ("999999", 3600.0), ("Wed, 01 Jan 2020 00:00:00 GMT", 0.0), ("soon", None)],
)
def test_the_pause_that_a_host_asks_for_is_kept(
    client: Client, asked: str, pause: float | None
) -> None:
    with pytest.raises(TransientDownloadError) as caught:
        client.run(answering(b"", status=429, Retry_After=asked))

    assert caught.value.retry_after == pause


@pytest.mark.parametrize(
    "body", [b"<html><body>Login</body></html>", b'{"status":"fail"}', b"<svg></svg>", b"x"]
)
def test_a_text_in_place_of_the_file_is_no_file(client: Client, body: bytes) -> None:
    with pytest.raises(NotServed):
        client.run(answering(body, Content_Type="image/jpeg"))


@pytest.mark.parametrize("body", [b"\x00\x01\x02", bytes(5000), b"\x89PNH" + bytes(80)])
def test_bytes_of_no_known_kind_are_kept_whole(client: Client, body: bytes) -> None:
    with pytest.raises(NotMedia):
        client.run(answering(body, Content_Type="image/jpeg"))

    assert client.path.read_bytes() == body


def test_an_announced_size_above_the_cap_is_refused_unread(client: Client) -> None:
    with pytest.raises(FileTooLarge):
        client.run(sending(head(200, {"Content-Length": str(10**15)}) + JPEG))

    assert client.path.stat().st_size == 0


def test_an_unannounced_size_above_the_cap_is_cut(client: Client) -> None:
    with pytest.raises(FileTooLarge):
        client.run(sending(head(200, {}), JPEG, *[bytes(400_000)] * 4))

    assert client.path.stat().st_size <= client.limits.max_bytes


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(client: Client, status: int) -> None:
    client.cdn.serve("/there.jpg", answering(JPEG))

    assert client.run(redirecting("/there.jpg", status=status)).size == len(JPEG)


def test_a_loop_of_redirects_ends(client: Client) -> None:
    with pytest.raises(TransientDownloadError, match="redirects"):
        client.run(redirecting("/file.jpg"))

    assert len(client.cdn.requests) == 6


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:1/x.jpg",
        "http://localhost:1/x.jpg",
        "http://127.1:1/x.jpg",
        "http://2130706433:1/x.jpg",
        "http://0x7f000001:1/x.jpg",
        "http://0177.0.0.1:1/x.jpg",
        "http://[::1]:1/x.jpg",
        "http://[::ffff:127.0.0.1]:1/x.jpg",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/x.jpg",
        "//169.254.169.254/x.jpg",
        "file:///etc/passwd",
        "ftp://example.org/x.jpg",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "http://[::1/x.jpg",
    ],
)
def test_a_redirect_to_a_forbidden_place_is_refused(client: Client, location: str) -> None:
    with pytest.raises(ForbiddenAddress):
        client.run(redirecting(location))


def test_another_port_of_a_trusted_host_is_not_trusted(client: Client) -> None:
    client.limits = replace(client.limits, trusted_hosts=frozenset({"127.0.0.1:1"}))

    with pytest.raises(ForbiddenAddress):
        client.run(answering(JPEG))

    assert client.cdn.requests == []


def test_an_unknown_name_may_be_known_later(client: Client) -> None:
    with pytest.raises(TransientDownloadError, match="name not found"):
        client.get("http://no-such-host.invalid/x.jpg")


def test_an_error_names_the_host_and_never_the_url(client: Client) -> None:
    url = client.cdn.serve("/v/secret.jpg", resetting_after(b"")) + "?oh=signature"

    with pytest.raises(TransientDownloadError) as caught:
        client.get(url)

    assert "127.0.0.1" in str(caught.value)
    assert not any(part in str(caught.value) for part in ("secret", "signature", "oh="))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x.jpg",
        "http://",
        "http://:80/x",
        "javascript:alert(1)",
        "http://xn--a/x",
        "http://127.0.0.1:65536/x",
        "http://127.0.0.1:99999999999999999999/x",
    ],
)
def test_an_invalid_url_is_refused(client: Client, url: str) -> None:
    with pytest.raises(ForbiddenAddress):
        client.get(url)


@given(st.text(max_size=40))
@example("/\x00\r\nHost: evil\r\n\r\n")
@example("/\ud800")
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_hostile_url_raises_nothing_but_download_errors(client: Client, tail: str) -> None:
    with pytest.raises(DownloadError):
        client.get(f"http://{client.cdn.host}{tail}")


def test_threads_that_begin_together_share_one_ssl_context() -> None:
    _build_ssl_context.cache_clear()

    with ThreadPoolExecutor(8) as pool:
        contexts = set(pool.map(lambda _: ssl_context(), range(8)))

    assert len(contexts) == 1
