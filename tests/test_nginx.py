"""The nginx of production in front of Django, run with Debian's nginx."""

from __future__ import annotations

import ipaddress
import json
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from django.core.servers.basehttp import ThreadedWSGIServer
from django.core.wsgi import get_wsgi_application
from django.test.testcases import QuietWSGIRequestHandler
from pytest_django import Settings

from embedded import ports
from storage import store
from storage.formats import media_types
from storage.models import StoredFile
from storage.serving import views as storage_views
from tests.support import nginx, samples
from tests.support.nginx import Nginx

SANDBOX = storage_views.SECURITY["Content-Security-Policy"]
JPEG = samples.jpeg()
SECURITY = {
    "Strict-Transport-Security": ["max-age=31536000; includeSubDomains"],
    "X-Content-Type-Options": ["nosniff"],
    "X-Frame-Options": ["DENY"],
    "Referrer-Policy": ["same-origin"],
    "Cross-Origin-Opener-Policy": ["same-origin"],
}


NAMES = "archive.example,.archives.example"


class Echo(BaseHTTPRequestHandler):
    """Answers with the request's headers as JSON."""

    def do_GET(self) -> None:
        body = json.dumps(dict(self.headers)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the terminal quiet."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of nginx's own files; `media` in it has those of Django."""
    nginx.require()
    return tmp_path_factory.mktemp("front")


@contextmanager
def in_front_of(upstream: HTTPServer, folder: Path) -> Iterator[Nginx]:
    """Run nginx in front of the service."""
    Thread(target=upstream.serve_forever, kwargs={"poll_interval": 0.05}).start()
    address = f"{ports.LOOPBACK}:{upstream.server_port}"
    with upstream, nginx.running(folder, upstream=address, names=NAMES) as server:
        yield server
        upstream.shutdown()


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Nginx]:
    """nginx in front of Django. pytest-django's `live_server` would send /media/ itself."""
    django = ThreadedWSGIServer((ports.LOOPBACK, 0), QuietWSGIRequestHandler)
    django.set_app(get_wsgi_application())
    with in_front_of(django, folder) as server:
        yield server


@pytest.fixture
def front(
    server: Nginx, folder: Path, own_cache: None, transactional_db: None, settings: Settings
) -> Nginx:
    """nginx in front of Django with the settings of production."""
    settings.ALLOWED_HOSTS = NAMES.split(",")
    settings.MEDIA_ROOT = folder / "media"
    settings.MEDIA_REDIRECT_PREFIX = "/_media"
    settings.TRUSTED_PROXIES = (ipaddress.ip_network(ports.LOOPBACK),)
    return server


@pytest.fixture(scope="module")
def echoing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    nginx.require()
    echo = HTTPServer((ports.LOOPBACK, 0), Echo)
    with in_front_of(echo, tmp_path_factory.mktemp("echo")) as server:
        yield server


@pytest.fixture
def file(front: Nginx) -> StoredFile:
    content = store.save(JPEG, media_types.JPEG)
    return StoredFile.objects.create(
        sha256=content.sha256, size=content.size, media_type="image/jpeg", extension="jpg"
    )


@pytest.mark.parametrize("host", ["archive.example", "ARCHIVE.example:443", "de.archives.example"])
def test_a_known_name_is_served_in_any_case_and_with_a_port(front: Nginx, host: str) -> None:
    answer = front.get_encrypted("/instagram/statistic/", host=host, name=host.partition(":")[0])

    assert answer.status == 200


def test_plain_http_redirects_a_known_name_to_https(front: Nginx) -> None:
    answer = front.get("/admin/?a=b", host="ARCHIVE.example:80")

    assert (answer.status, answer.all("Location")) == (308, ["https://archive.example/admin/?a=b"])


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "archive.example.evil.example"])
def test_an_unknown_name_gets_no_answer(front: Nginx, host: str) -> None:
    with pytest.raises(ConnectionResetError):
        front.get(host=host)
    with pytest.raises(ConnectionResetError):
        front.get_encrypted(host=host, name="archive.example")


def test_an_absolute_address_of_an_unknown_name_gets_no_answer(front: Nginx) -> None:
    with pytest.raises(ConnectionResetError):
        front.get("http://evil.example/", host="archive.example")


def test_an_unknown_name_sees_no_certificate(front: Nginx) -> None:
    with pytest.raises(ssl.SSLError):
        front.get_encrypted(host="evil.example")


@pytest.mark.parametrize(
    "path", ["/instagram/statistic/", "/admin/login/", "/nothing", "/_media/x"]
)
def test_every_page_has_each_security_header_once(front: Nginx, path: str) -> None:
    answer = front.get_encrypted(path, host="archive.example")

    assert {name: answer.all(name) for name in SECURITY} == SECURITY


def test_a_file_is_sent_by_nginx_with_all_its_headers(front: Nginx, file: StoredFile) -> None:
    origin = {"Origin": "https://reader.example"}
    answer = front.get_encrypted(f"/media/{file.name}", host="archive.example", headers=origin)

    assert (answer.status, answer.body) == (200, JPEG)
    assert {name: answer.all(name) for name in SECURITY} == SECURITY
    assert [policy.endswith("sandbox") for policy in answer.all("Content-Security-Policy")] == [
        True
    ]
    assert answer.all("Content-Type") == ["image/jpeg"]
    assert answer.all("Cache-Control") == ["public, max-age=31536000, immutable"]
    assert answer.all("Access-Control-Allow-Origin") == ["*"]
    assert answer.all("X-Accel-Redirect") == []


def test_a_part_of_a_file_is_sent(front: Nginx, file: StoredFile) -> None:
    part = {"Range": "bytes=0-9"}
    answer = front.get_encrypted(f"/media/{file.name}", host="archive.example", headers=part)

    assert (answer.status, answer.body) == (206, JPEG[:10])
    assert {name: answer.all(name) for name in SECURITY} == SECURITY


def test_the_internal_location_of_files_is_not_served(front: Nginx, file: StoredFile) -> None:
    answer = front.get_encrypted(f"/_media/{file.name}", host="archive.example")

    assert answer.status == 404


def test_a_body_that_is_too_long_is_refused_with_the_same_headers(front: Nginx) -> None:
    length = {"Content-Length": str(3 * 1024 * 1024)}
    answer = front.get_encrypted("/instagram/users/", host="archive.example", headers=length)

    assert answer.status == 413
    assert {name: answer.all(name) for name in SECURITY} == SECURITY


def test_forwarding_headers_of_a_client_are_replaced(echoing: Nginx) -> None:
    forged = {
        "X-Forwarded-For": "192.0.2.9",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=192.0.2.9",
    }
    answer = echoing.get_encrypted(host="archive.example", headers=forged)

    seen = json.loads(answer.body)
    assert {name: seen.get(name) for name in forged} == {
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": None,
        "Forwarded": None,
    }


def test_django_learns_the_scheme_from_nginx(front: Nginx) -> None:
    answer = front.get_encrypted("/instagram/users/?page_size=1", host="archive.example")

    assert answer.status == 200


@pytest.mark.slow
def test_a_page_with_seventy_requests_at_once_passes(echoing: Nginx) -> None:
    def status(_: int) -> int:
        return echoing.get_encrypted(host="archive.example").status

    with ThreadPoolExecutor(10) as threads:
        assert {*threads.map(status, range(70))} == {200}


def test_a_flood_is_answered_429(tmp_path: Path) -> None:
    nginx.require()
    nowhere = f"{ports.LOOPBACK}:1"  # nginx answers 502 faster than its limit refills
    with nginx.running(tmp_path, upstream=nowhere, names=NAMES) as server:
        answers = server.flood(900, host="archive.example").split(b"HTTP/1.1 ")[1:]

    refused = [each.decode() for each in answers if each.startswith(b"429 ")]
    assert len(answers) == 900
    # The first request and a burst of 500 always pass; the limit refills while the rest are sent.
    assert 0 < len(refused) <= 399
    assert {each.startswith(b"502 ") for each in answers[:500]} == {True}
    headers, _, body = refused[0].partition("\r\n\r\n")
    assert json.loads(body) == {"detail": "Too many requests."}
    assert {*SECURITY, "Retry-After"} <= {line.split(":")[0] for line in headers.splitlines()}
