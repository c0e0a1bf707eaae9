"""The nginx of production in front of Django, tried with Debian's nginx."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import RemoteDisconnected
from pathlib import Path

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from storage import kinds, store
from storage import views as storage_views
from storage.models import StoredFile
from storage.tests import samples
from tests import nginx
from tests.nginx import Nginx

SANDBOX = storage_views.SECURITY["Content-Security-Policy"]
JPEG = samples.jpeg()
SECURITY = {
    "Strict-Transport-Security": ["max-age=31536000; includeSubDomains"],
    "X-Content-Type-Options": ["nosniff"],
    "X-Frame-Options": ["DENY"],
    "Referrer-Policy": ["same-origin"],
    "Cross-Origin-Opener-Policy": ["same-origin"],
}


@pytest.fixture
def production(settings: Settings, tmp_path: Path) -> None:
    """Django as it runs behind nginx."""
    nginx.require()
    settings.ALLOWED_HOSTS = ["archive.example", ".archives.example"]
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MEDIA_REDIRECT_PREFIX = "/_media"
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31536000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}


@pytest.fixture
def front(
    production: None,
    own_cache: None,
    live_server: LiveServer,
    tmp_path: Path,
) -> Iterator[Nginx]:
    """A running nginx that knows `archive.example` and every name under `archives.example`."""
    (tmp_path / "media").mkdir()
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)  # the workers of nginx read the files
    upstream = f"{live_server.thread.host}:{live_server.thread.port}"
    names = "archive.example,.archives.example"
    (tmp_path / "nginx").mkdir()
    with nginx.running(
        tmp_path / "nginx", upstream=upstream, names=names, media=tmp_path / "media"
    ) as server:
        yield server


@pytest.fixture
def file(front: Nginx, tmp_path: Path) -> StoredFile:
    """A stored JPEG that nginx may read."""
    content = store.keep(JPEG, kinds.JPEG)
    stored = StoredFile.objects.create(
        sha256=content.sha256, size=content.size, media_type="image/jpeg", extension="jpg"
    )
    path = tmp_path / "media" / stored.name
    path.parent.chmod(0o755)
    path.chmod(0o644)
    return stored


@pytest.mark.parametrize("host", ["archive.example", "ARCHIVE.example:443", "de.archives.example"])
def test_a_known_name_is_served_in_any_case_and_with_a_port(front: Nginx, host: str) -> None:
    answer = front.get_encrypted("/instagram/statistic/", host=host, name=host.partition(":")[0])

    assert answer.status == 200


def test_plain_http_leads_a_known_name_to_itself(front: Nginx) -> None:
    answer = front.get("/admin/?a=b", host="ARCHIVE.example:80")

    assert (answer.status, answer.all("Location")) == (308, ["https://archive.example/admin/?a=b"])


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "", "archive.example.evil.example"])
def test_an_unknown_name_gets_no_answer(front: Nginx, host: str) -> None:
    with pytest.raises(RemoteDisconnected):
        front.get(host=host)
    with pytest.raises(RemoteDisconnected):
        front.get_encrypted(host=host, name="archive.example")


def test_an_absolute_address_of_an_unknown_name_gets_no_answer(front: Nginx) -> None:
    with pytest.raises(RemoteDisconnected):
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


def test_a_file_cannot_be_asked_for_past_django(front: Nginx, file: StoredFile) -> None:
    answer = front.get_encrypted(f"/_media/{file.name}", host="archive.example")

    assert answer.status == 404


def test_a_body_that_is_too_long_is_refused_with_the_same_headers(front: Nginx) -> None:
    length = {"Content-Length": str(3 * 1024 * 1024)}
    answer = front.get_encrypted("/instagram/users/", host="archive.example", headers=length)

    assert answer.status == 413
    assert {name: answer.all(name) for name in SECURITY} == SECURITY


def test_what_a_client_claims_about_itself_is_replaced(front: Nginx) -> None:
    forged = {
        "X-Forwarded-For": "192.0.2.9",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.example",
    }
    answer = front.get_encrypted("/instagram/runs/", host="archive.example", headers=forged)

    assert answer.status == 200  # with another scheme, Django would redirect


def test_a_page_with_seventy_requests_at_once_passes(front: Nginx, file: StoredFile) -> None:
    def status(_: int) -> int:
        return front.get_encrypted(f"/media/{file.name}", host="archive.example").status

    with ThreadPoolExecutor(10) as threads:
        assert {*threads.map(status, range(70))} == {200}


def test_a_flood_is_answered_429_and_the_rest_is_spared(front: Nginx) -> None:
    def answer(_: int) -> nginx.Answer:
        return front.get_encrypted("/_media/none", host="archive.example")

    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(answer, range(1500)))

    refused = [each for each in answers if each.status == 429]
    assert refused
    assert json.loads(refused[0].body) == {"detail": "Too many requests."}
    assert {name: refused[0].all(name) for name in SECURITY} == SECURITY
