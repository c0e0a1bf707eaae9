"""The client over real HTTP: what callers get and how often it retries."""

from __future__ import annotations

import gzip
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
import stamina
from django.db import connections, transaction
from pytest_django import Settings

from api_logs.models import APIRequestLog
from core.utils import core_api, errors
from core.utils.answers import Payload
from core.utils.core_api import Endpoint, make_request
from settings.models import CoreAPISetting
from tests.support import odd_server
from tests.support.odd_server import TOKEN, OddServer, answering

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])

ENDPOINT = Endpoint("user_posts", "/api/v1/instagram/v1/fetch_user_posts", Decimal("0.001"))
FINE = answering('{"code": 200, "data": {"items": []}}')
BROKEN = answering("<html>bad gateway</html>", 502, Content_Type="text/html")


def call() -> Payload:
    return make_request(ENDPOINT, {"user_id": "1", "count": 50}, target="1")


def test_the_payload_is_the_envelopes_data(server: OddServer) -> None:
    server.will(FINE)

    assert call() == {"items": []}
    assert server.requests == [f"{ENDPOINT.path}?user_id=1&count=50"]
    assert server.tokens == [f"Bearer {TOKEN}"]


def test_a_compressed_answer_is_read(server: OddServer) -> None:
    body = gzip.compress(b'{"code": 200, "data": {"items": []}}')
    server.will(answering(body, Content_Encoding="gzip"))

    assert call() == {"items": []}


def test_a_transient_failure_is_retried(server: OddServer) -> None:
    server.will(BROKEN, odd_server.hanging_up, FINE)

    assert call() == {"items": []}
    assert APIRequestLog.objects.count() == 3


def test_after_three_attempts_the_error_is_raised(server: OddServer) -> None:
    server.will(BROKEN)

    with pytest.raises(errors.Transient):
        call()
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "body",
    ['{"detail": {"code": 400}}', '{"detail": "Not Found"}', '{"detail": [{"msg": "required"}]}'],
)
def test_a_permanent_failure_is_not_retried(server: OddServer, body: str) -> None:
    server.will(answering(body, 400))

    with pytest.raises(errors.CoreAPIError):
        call()
    assert len(server.requests) == 1


def test_a_long_pause_is_left_to_the_caller(server: OddServer) -> None:
    server.will(answering('{"detail": {"code": 429}}', 429, Retry_After="30"))

    with pytest.raises(errors.RateLimited) as caught:
        call()
    assert caught.value.retry_after == 30
    assert len(server.requests) == 1


@pytest.mark.slow
def test_a_short_pause_is_waited_for(server: OddServer) -> None:
    server.will(answering('{"detail": {"code": 429}}', 429, Retry_After="1"), FINE)
    began = time.monotonic()

    with stamina.set_testing(False):
        call()

    assert 1 <= time.monotonic() - began < 5


@pytest.mark.slow
def test_a_server_that_says_nothing_times_out(server: OddServer) -> None:
    CoreAPISetting(timeout_seconds=1).save()
    server.will(odd_server.sleeping(3))

    with stamina.set_testing(True), pytest.raises(errors.Transient, match="ReadTimeout"):
        call()


@pytest.mark.slow
def test_a_body_that_drips_times_out_as_a_whole(server: OddServer) -> None:
    CoreAPISetting(timeout_seconds=1).save()
    server.will(odd_server.dripping)

    with stamina.set_testing(True), pytest.raises(errors.Transient, match="ReadTimeout"):
        call()


def test_a_body_that_is_cut_off_is_transient(server: OddServer) -> None:
    server.will(odd_server.cutting_the_body)

    with pytest.raises(errors.Transient, match="RemoteProtocolError"):
        call()


@pytest.mark.slow
def test_headers_that_drip_time_out_as_a_whole(server: OddServer) -> None:
    CoreAPISetting(timeout_seconds=1).save()
    server.will(odd_server.dripping_headers)
    began = time.monotonic()

    with stamina.set_testing(True), pytest.raises(errors.Transient, match="ReadTimeout"):
        call()
    assert time.monotonic() - began < 3


@pytest.mark.slow
def test_a_tls_handshake_that_never_comes_times_out(settings: Settings) -> None:
    CoreAPISetting(timeout_seconds=1).save()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.CORE_API_URL = f"https://127.0.0.1:{silent.getsockname()[1]}"
        settings.CORE_API_TOKEN = TOKEN
        with stamina.set_testing(True), pytest.raises(errors.Transient, match="ConnectTimeout"):
            call()

    assert APIRequestLog.objects.get().price == 0


def test_gzip_that_is_announced_and_not_applied_is_read_as_it_is(server: OddServer) -> None:
    server.will(answering('{"code": 200, "data": {"items": []}}', Content_Encoding="gzip"))

    assert call() == {"items": []}


def test_a_gzip_that_is_cut_off_is_transient(server: OddServer) -> None:
    body = gzip.compress(b'{"code": 200, "data": {"items": []}}')
    server.will(answering(body[:-4], Content_Encoding="gzip"))

    with pytest.raises(errors.Transient, match="ends too early"):
        call()


def test_an_answer_encoded_twice_is_not_opened(server: OddServer) -> None:
    body = gzip.compress(gzip.compress(b'{"code": 200, "data": {"items": []}}'))
    server.will(answering(body, Content_Encoding="gzip, gzip"))

    with pytest.raises(errors.UnexpectedPayload, match="encoded 2 times over"):
        call()
    assert len(server.requests) == 1


def test_a_small_body_that_opens_to_a_large_one_is_not_kept_in_memory(server: OddServer) -> None:
    bomb = gzip.compress(b" " * (core_api.MAX_BODY_SIZE + 1))
    server.will(answering(bomb, Content_Encoding="gzip"))

    with pytest.raises(errors.UnexpectedPayload, match="larger than"):
        call()


def test_an_endless_body_is_not_kept_in_memory(server: OddServer) -> None:
    server.will(odd_server.pouring(core_api.MAX_BODY_SIZE + 2**20))

    with pytest.raises(errors.UnexpectedPayload, match="larger than"):
        call()


def test_a_refused_connection_is_transient_and_free(settings: Settings) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        settings.CORE_API_URL = f"http://127.0.0.1:{unused.getsockname()[1]}"
        settings.CORE_API_TOKEN = TOKEN
        with stamina.set_testing(True), pytest.raises(errors.Transient, match="ConnectError"):
            call()

    assert APIRequestLog.objects.get().price == 0


def test_a_redirect_is_not_followed_with_the_token(server: OddServer) -> None:
    with odd_server.odd_server() as elsewhere:
        elsewhere.will(FINE)
        server.will(answering("", 302, Location=f"{elsewhere.url}/stolen"))

        with pytest.raises(errors.BadRequest, match="redirected"):
            call()

    assert elsewhere.requests == []


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("unset", ["CORE_API_URL", "CORE_API_TOKEN"])
def test_an_unset_configuration_says_where_to_set_it(settings: Settings, unset: str) -> None:
    setattr(settings, unset, "")

    with pytest.raises(errors.NotConfigured, match=f"admin under Settings, Core API, or.*{unset}"):
        call()
    assert not APIRequestLog.objects.exists()


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("token", ["two words", "line\nbreak", "ключ"])
def test_a_token_that_is_invalid_in_a_header_is_rejected_without_quoting_it(
    settings: Settings, token: str
) -> None:
    settings.CORE_API_TOKEN = token

    with pytest.raises(errors.NotConfigured) as caught:
        call()
    assert token not in str(caught.value)


@pytest.mark.usefixtures("server")
def test_an_address_that_is_no_url_is_refused(settings: Settings) -> None:
    settings.CORE_API_URL = "http://core-api:port"

    with pytest.raises(errors.NotConfigured, match="not a URL"):
        call()


def test_parameters_too_long_for_a_url_are_a_bad_request_and_free(server: OddServer) -> None:
    with pytest.raises(errors.BadRequest):
        make_request(ENDPOINT, {"max_id": "x" * 100_000})

    assert APIRequestLog.objects.get().price == 0
    assert server.requests == []


def test_a_new_url_and_token_apply_from_the_next_call(server: OddServer) -> None:
    server.will(FINE)
    call()
    with odd_server.odd_server() as other:
        other.will(FINE)
        CoreAPISetting(base_url=f"{other.url}/", token="fresh").save()

        call()

    assert other.tokens == ["Bearer fresh"]


def test_a_call_inside_a_transaction_is_refused(server: OddServer) -> None:
    server.will(FINE)

    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        call()
    assert server.requests == []


@pytest.mark.slow
def test_threads_share_the_client(server: OddServer) -> None:
    server.will(FINE)

    def call_and_disconnect(_: int) -> Payload:
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(call_and_disconnect, range(24)))

    assert answers == [{"items": []}] * 24
    assert APIRequestLog.objects.filter(state="completed").count() == 24


FORK = """
import os
from core.utils.core_api import _http

inherited = _http()
if os.fork() == 0:
    os._exit(7 if _http() is inherited else 0)
raise SystemExit(os.waitstatus_to_exitcode(os.wait()[1]))
"""


@pytest.mark.slow
def test_a_forked_child_opens_connections_of_its_own() -> None:
    # Runs in a new process, because newer Pythons warn about forking a process with threads.
    command = [sys.executable, "-c", "import django; django.setup()" + FORK]
    finished = subprocess.run(command, check=False)  # noqa: S603  our own interpreter and script

    assert finished.returncode == 0
