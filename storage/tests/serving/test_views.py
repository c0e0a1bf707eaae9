"""Serving of stored files."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
import time_machine
from django.http import HttpResponseBase
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from settings.models import AccessSetting
from storage import store
from storage.formats import media_types
from storage.models import SUSPECT, StoredFile
from storage.serving.links import is_valid, media_url
from storage.store import Store
from tests.support import samples

JPEG = samples.jpeg()


@pytest.fixture
def file(media_store: Store, db: None) -> StoredFile:
    """A stored JPEG."""
    content = store.save(JPEG, media_types.JPEG)
    return StoredFile.objects.create(
        sha256=content.sha256, size=content.size, media_type="image/jpeg", extension="jpg"
    )


@pytest.fixture
def private(db: None) -> None:
    """Private reading is on."""
    AccessSetting.objects.create(private_reading=True)


def body(response: HttpResponseBase) -> bytes:
    data = response.getvalue()
    response.close()
    return bytes(data)


def test_the_bytes_are_served_under_their_true_type(client: Client, file: StoredFile) -> None:
    response = client.get(f"/media/{file.name}")

    assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
    assert response["Content-Length"] == str(len(JPEG))
    assert body(response) == JPEG


def test_answers_may_be_cached_and_run_no_scripts(client: Client, file: StoredFile) -> None:
    response = client.get(f"/media/{file.name}")
    response.close()

    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]


def test_a_file_takes_two_queries(
    client: Client, file: StoredFile, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):
        client.get(f"/media/{file.name}").close()


def test_head_has_the_length_and_no_body(client: Client, file: StoredFile) -> None:
    response = client.head(f"/media/{file.name}")

    assert (response.status_code, response["Content-Length"]) == (200, str(len(JPEG)))
    assert response.content == b""


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-5", -5, None)],
)
def test_a_range_is_served(
    client: Client, file: StoredFile, asked: str, start: int, end: int | None
) -> None:
    response = client.get(f"/media/{file.name}", headers={"Range": asked})

    assert response.status_code == 206
    assert body(response) == JPEG[start:end]
    assert response["Content-Range"].endswith(f"/{len(JPEG)}")


def test_a_range_outside_the_file_is_416(client: Client, file: StoredFile) -> None:
    response = client.get(f"/media/{file.name}", headers={"Range": "bytes=9999999-"})

    assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{len(JPEG)}")


def test_a_range_of_another_version_gets_the_whole_file(client: Client, file: StoredFile) -> None:
    response = client.get(
        f"/media/{file.name}", headers={"Range": "bytes=0-9", "If-Range": '"another"'}
    )

    assert (response.status_code, len(body(response))) == (200, len(JPEG))


@pytest.mark.parametrize("form", ['"{}"', 'W/"{}"', '"other", "{}"', "*"])
def test_a_file_that_the_client_has_is_not_sent_again(
    client: Client, file: StoredFile, form: str
) -> None:
    known = form.format(file.sha256)

    response = client.get(f"/media/{file.name}", headers={"If-None-Match": known})

    assert (response.status_code, response.content) == (304, b"")
    assert response["ETag"] == f'"{file.sha256}"'


def test_rejected_bytes_are_not_served(client: Client, file: StoredFile) -> None:
    StoredFile.objects.update(rejected_at=timezone.now())

    assert client.get(f"/media/{file.name}").status_code == 404


@pytest.mark.parametrize("prefix", ["", "/protected/"])
def test_missing_bytes_are_404_and_looked_for(
    client: Client, file: StoredFile, media_store: Store, settings: Settings, prefix: str
) -> None:
    settings.MEDIA_REDIRECT_PREFIX = prefix
    media_store.delete(file.name)

    response = client.get(f"/media/{file.name}")

    file.refresh_from_db()
    assert (response.status_code, response["Content-Type"]) == (404, "application/json")
    assert file.verified_at == SUSPECT


def test_lost_files_are_not_served(client: Client, file: StoredFile) -> None:
    StoredFile.objects.update(lost_at=timezone.now())

    assert client.get(f"/media/{file.name}").status_code == 404


@pytest.mark.parametrize("extension", ["html", "svg", "png"])
def test_the_extension_cannot_be_chosen(client: Client, file: StoredFile, extension: str) -> None:
    response = client.get(f"/media/{file.sha256[:2]}/{file.sha256}.{extension}")

    assert response.status_code == 404


@pytest.mark.parametrize("path", ["../secrets.json", "tmp/x", "%2e%2e/%2e%2e/etc/passwd", ""])
def test_other_paths_lead_nowhere(client: Client, db: None, path: str) -> None:
    response = client.get(f"/media/{path}")

    assert response.status_code == 404
    assert response["Content-Type"] == "application/json"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_refused_as_json(client: Client, file: StoredFile, method: str) -> None:
    response = client.generic(method, f"/media/{file.name}")

    assert (response.status_code, response["Content-Type"]) == (405, "application/json")
    assert response["Allow"] == "GET, HEAD"


def test_files_other_than_images_and_videos_are_attachments(
    client: Client, file: StoredFile
) -> None:
    StoredFile.objects.update(media_type="application/octet-stream")

    response = client.get(f"/media/{file.name}")
    response.close()

    assert response["Content-Disposition"] == "attachment"


def test_nginx_sends_the_bytes_if_it_is_configured(
    client: Client, file: StoredFile, settings: Settings
) -> None:
    settings.MEDIA_REDIRECT_PREFIX = "/protected/"

    response = client.get(f"/media/{file.name}")

    assert response["X-Accel-Redirect"] == f"/protected/{file.name}"
    assert (response["Content-Type"], response.content) == ("image/jpeg", b"")


def test_an_address_is_absolute(file: StoredFile, rf: RequestFactory) -> None:
    assert media_url(file, rf.get("/")) == f"http://testserver/media/{file.name}"


def test_many_addresses_of_one_request_take_one_query(
    file: StoredFile, rf: RequestFactory, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    request = rf.get("/")

    with django_assert_num_queries(1):
        urls = {media_url(file, request) for _ in range(50)}

    assert len(urls) == 1


def test_a_private_file_needs_a_signature(client: Client, file: StoredFile, private: None) -> None:
    response = client.get(f"/media/{file.name}")

    assert (response.status_code, response["Content-Type"]) == (403, "application/json")


def test_a_signed_url_is_cached_by_its_reader_only(
    client: Client, file: StoredFile, private: None
) -> None:
    response = client.get(media_url(file))

    assert body(response) == JPEG
    assert response["Cache-Control"].startswith("private")


def test_a_signed_address_still_ends_in_the_extension(file: StoredFile, private: None) -> None:
    assert urlsplit(media_url(file)).path.endswith(".jpg")


def test_a_signature_ends(file: StoredFile, private: None) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False):
        signed = dict(parse_qsl(urlsplit(media_url(file)).query))
    with time_machine.travel("2026-01-01T11:59:59Z", tick=False):
        before = is_valid(file.name, **signed)
    with time_machine.travel("2026-01-01T12:00:00Z", tick=False):
        after = is_valid(file.name, **signed)

    assert (before, after) == (True, False)


@pytest.mark.parametrize(
    "query",
    ["expires=9999999999&signature=", "signature=x", "expires=x&signature=%C3%A4", "expires=%00"],
)
def test_a_signature_cannot_be_guessed(
    client: Client, file: StoredFile, private: None, query: str
) -> None:
    assert client.get(f"/media/{file.name}?{query}").status_code == 403


def test_a_signature_is_for_one_file_and_one_time(
    client: Client, file: StoredFile, private: None
) -> None:
    url = media_url(file)

    later = client.get(url.replace("expires=1", "expires=2"))
    other = client.get(url.replace(file.sha256, "0" * 64).replace(file.sha256[:2], "00"))

    assert (later.status_code, other.status_code) == (403, 403)
