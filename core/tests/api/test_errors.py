"""Every answer is JSON, errors included."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from pytest_django import Settings
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from config import urls
from core.api import errors
from settings.models import AccessSetting


class BrokenView(APIView):
    """Fails by a fault of ours."""

    permission_classes = ()

    def get(self, _request: Request) -> Response:
        """Fail with a text that no client may see."""
        raise RuntimeError("https://core-api.internal/?token=secret")


class Impossible(Exception):
    """A refusal of an app; the text says why."""


class QuiteImpossible(Impossible):
    """One that the app has not named."""


class RefusingView(APIView):
    """Lets the refusal of a verb through."""

    def get(self, _request: Request) -> Response:
        """Refuse."""
        raise QuiteImpossible("the moon is away")


def broken_page(_request: HttpRequest) -> HttpResponse:
    """The same outside the REST framework."""
    raise RuntimeError("https://core-api.internal/?token=secret")


def page_without_database(_request: HttpRequest) -> HttpResponse:
    """What every page does while PostgreSQL starts."""
    raise OperationalError("connection to server at db.internal failed")


urlpatterns = [
    path("page-without-database/", page_without_database),
    path("refusing-view/", RefusingView.as_view()),
    path("broken-view/", BrokenView.as_view()),
    path("broken-page/", broken_page),
    path("", include(urls)),
]
handler400 = errors.bad_request
handler404 = errors.not_found
handler500 = errors.server_error

UNKNOWN = [
    "/instagram/", "/instagram/nothing/", "/instagram/users/not-a-uuid/", "/instagram/posts/%00/",
    "/instagram/users/%F0%9F%92%A9/history/", "/instagram/posts/a/b/", "/instagram/users//",
    "/authentication/nothing/", "/instagram/stories/1",
]  # fmt: skip


@pytest.fixture
def quiet() -> Iterator[None]:
    """Without the tracebacks of expected faults in the output."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("url", UNKNOWN)
def test_an_unknown_path_is_a_json_404(
    api: APIClient, settings: Settings, url: str, *, debug: bool
) -> None:
    settings.DEBUG = debug

    for method in (api.get, api.post, api.delete):
        response = method(url)
        assert (response.status_code, list(response.json())) == (404, ["detail"])


def test_a_path_without_its_slash_is_told_so(api: APIClient) -> None:
    assert "slash" in api.get("/instagram/users").json()["detail"]


def test_an_unknown_page_is_a_json_404(api: APIClient) -> None:
    assert api.get("/nothing/").json() == {"detail": "Not found."}


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("url", ["/broken-view/", "/broken-page/"])
def test_an_internal_error_shows_only_its_request_id(
    api: APIClient, settings: Settings, url: str
) -> None:
    settings.ROOT_URLCONF = __name__
    api.raise_request_exception = False

    response = api.get(url, headers={"X-Request-ID": "abcdef123456"})

    assert response.status_code == 500
    assert response.json() == {"detail": "Internal server error.", "request_id": "abcdef123456"}


def test_a_refusal_is_answered_as_its_app_says(
    api: APIClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ROOT_URLCONF = __name__
    monkeypatch.setitem(
        errors.REFUSALS, Impossible, lambda error: ValidationError({"name": [str(error)]})
    )

    response = api.get("/refusing-view/")

    assert (response.status_code, response.json()) == (400, {"name": ["the moon is away"]})


@pytest.mark.usefixtures("quiet")
def test_a_database_that_is_away_is_a_503_to_be_repeated(
    api: APIClient, settings: Settings
) -> None:
    settings.ROOT_URLCONF = __name__
    api.raise_request_exception = False

    response = api.get("/page-without-database/", headers={"X-Request-ID": "abcdef123456"})

    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert response.json() == {
        "detail": "The database is not available.",
        "request_id": "abcdef123456",
    }


def test_an_error_can_be_read_from_another_origin(api: APIClient) -> None:
    response = api.get("/instagram/posts/1/", headers={"Origin": "https://client.example"})

    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (404, "*")


@pytest.mark.parametrize("body", ["{", "", "\0", "nul", '{"username":"\ud800"}', "[" * 100_000])
def test_broken_json_is_a_400(signed_in: APIClient, body: str) -> None:
    data = body.encode(errors="surrogatepass")

    response = signed_in.post("/instagram/users/", data, content_type="application/json")

    assert response.status_code == 400
    assert isinstance(response.json(), dict)


def test_text_that_is_no_unicode_is_refused_by_field(signed_in: APIClient) -> None:
    body = rb'{"username": "\ud800"}'

    response = signed_in.post("/instagram/users/", body, content_type="application/json")

    assert (response.status_code, list(response.json())) == (400, ["username"])


def test_a_huge_body_is_refused_unread(signed_in: APIClient, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10

    response = signed_in.post("/instagram/users/", {"username": "ada.lovelace"})

    assert (response.status_code, list(response.json())) == (413, ["detail"])


def test_another_media_type_is_a_415(signed_in: APIClient) -> None:
    response = signed_in.post("/instagram/users/", "<a/>", content_type="text/xml")

    assert (response.status_code, list(response.json())) == (415, ["detail"])


def test_an_answer_that_the_client_does_not_read_is_a_406(api: APIClient) -> None:
    response = api.get("/instagram/users/", headers={"Accept": "text/xml"})

    assert (response.status_code, list(response.json())) == (406, ["detail"])


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_method_that_is_not_there_is_a_405_for_strangers_too(api: APIClient, method: str) -> None:
    response = getattr(api, method)("/instagram/users/")

    assert (response.status_code, list(response.json())) == (405, ["detail"])


def test_an_unknown_parameter_is_ignored(api: APIClient) -> None:
    assert api.get("/instagram/users/?format=xml&nothing=1&page=x").status_code == 200


def test_private_reading_shuts_strangers_out(api: APIClient) -> None:
    AccessSetting.objects.create(private_reading=True)

    response = api.get("/instagram/users/")

    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")


def test_private_reading_lets_accounts_in(signed_in: APIClient) -> None:
    AccessSetting.objects.create(private_reading=True)

    assert signed_in.get("/instagram/users/").status_code == 200


def test_utf8_is_not_escaped(signed_in: APIClient) -> None:
    response = signed_in.post("/instagram/runs/", {"streams": ["é"]})

    assert "é".encode() in response.content


def test_a_client_of_another_origin_may_send_our_headers(api: APIClient) -> None:
    wanted = "idempotency-key,if-none-match,last-event-id,authorization"
    headers = {
        "Origin": "https://client.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": wanted,
    }

    allowed = api.options("/instagram/users/", headers=headers)["Access-Control-Allow-Headers"]

    assert {*wanted.split(",")} <= {each.strip().lower() for each in allowed.split(",")}
