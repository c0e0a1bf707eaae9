"""One row for every HTTP attempt, also if the call or the work around it fails."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from decimal import Decimal

import pytest
import stamina
from django.core import serializers
from django.db import DatabaseError, connection, connections, transaction
from django.forms.models import model_to_dict
from psycopg.conninfo import make_conninfo

from api_logs import recording
from api_logs.gate import admission
from api_logs.models import APIRequestLog
from core.middleware import request_id
from core.utils import errors
from core.utils.core_api import Endpoint, make_request
from settings.current import CoreAPIConfig
from settings.models import ArchivingSetting, CoreAPISetting
from tests.support import odd_server
from tests.support.odd_server import TOKEN, OddServer, answering
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])

PRICE = Decimal("0.0010")
ENDPOINT = Endpoint("user_posts", "/api/v1/instagram/v1/fetch_user_posts", PRICE)
FINE = answering('{"code": 200, "data": {"items": []}}', x_request_id="theirs-1")
ECHO = f'{{"detail": {{"code": 401, "message_zh": "您提交的API令牌为 {TOKEN}。"}}}}'


def call() -> None:
    make_request(ENDPOINT, {"user_id": "1"}, target="1")


def attempt() -> recording.Attempt:
    provider = CoreAPIConfig("https://core.example", TOKEN, 60)
    return recording.Attempt("user_posts", "1", "/fetch", {}, PRICE, provider)


def test_a_success_leaves_one_complete_row(server: OddServer) -> None:
    server.will(FINE)

    call()

    row = APIRequestLog.objects.get()
    assert row.duration_ms is not None
    assert model_to_dict(row, exclude=["id", "started_at", "duration_ms"]) == {
        "state": "completed",
        "provider": "primary",
        "endpoint": "user_posts",
        "target": "1",
        "method": "GET",
        "path": ENDPOINT.path,
        "params": {"user_id": "1"},
        "http_status": 200,
        "error_code": "",
        "error": "",
        "response_body": '{"code": 200, "data": {"items": []}}',
        "response_bytes": 36,
        "price": PRICE,
        "request_id": "",
        "provider_request_id": "theirs-1",
        "batch": "",
    }


@pytest.mark.parametrize(
    ("reply", "code", "status", "price"),
    [
        (answering('{"detail": {"code": 400}}', 400), "NotAvailable", 400, Decimal(0)),
        (answering("<html>", 502), "Transient", 502, Decimal(0)),
        (answering('{"code": 200, "data": null}'), "NotAvailable", 200, PRICE),
        # The request arrived, so only the provider knows whether it was charged.
        (odd_server.hanging_up, "Transient", None, PRICE),
        (odd_server.cutting_the_body, "Transient", 200, PRICE),
    ],
)
def test_a_failure_leaves_one_row_that_names_it(
    server: OddServer, reply: odd_server.Reply, code: str, status: int | None, price: Decimal
) -> None:
    server.will(reply)

    with stamina.set_testing(True), pytest.raises(errors.CoreAPIError):
        call()

    row = APIRequestLog.objects.get()
    assert (row.state, row.error_code, row.http_status) == ("failed", code, status)
    assert row.price == price


@pytest.mark.slow
def test_a_timeout_leaves_one_row(server: OddServer) -> None:
    CoreAPISetting(timeout_seconds=1).save()
    server.will(odd_server.sleeping(3))

    with stamina.set_testing(True), pytest.raises(errors.Transient):
        call()

    row = APIRequestLog.objects.get()
    assert row.state == "failed"
    assert row.duration_ms is not None
    assert 1000 <= row.duration_ms < 3000


def test_every_attempt_has_a_row_of_its_own(server: OddServer) -> None:
    server.will(odd_server.hanging_up, answering("<html>", 503), FINE)

    call()

    states = APIRequestLog.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["failed", "failed", "completed"]


def test_the_row_survives_a_rollback_around_it() -> None:
    with pytest.raises(RuntimeError), transaction.atomic(), admission.admitted(attempt()):
        raise RuntimeError("the surrounding work failed")

    assert APIRequestLog.objects.get().state == "unknown"


def test_an_interrupted_call_is_unknown_and_may_be_charged() -> None:
    with pytest.raises(KeyboardInterrupt), admission.admitted(attempt()):
        raise KeyboardInterrupt

    row = APIRequestLog.objects.get()
    assert (row.state, row.price) == ("unknown", PRICE)


@pytest.mark.slow
def test_a_killed_call_stays_started(server: OddServer) -> None:
    server.will(odd_server.sleeping(30))
    database = connection.settings_dict
    script = "from api_logs.tests.test_recording import call; call()"
    child = subprocess.Popen(  # noqa: S603  our own interpreter and script
        [sys.executable, "-c", f"import django; django.setup(); {script}"],
        env=os.environ
        | {
            "DATABASE_URL": make_conninfo(
                dbname=database["NAME"],
                user=database["USER"],
                password=database["PASSWORD"] or None,
                host=database["HOST"] or None,
                port=database["PORT"] or None,
            ),
            "CORE_API_URL": server.url,
            "CORE_API_TOKEN": TOKEN,
        },
    )

    wait_until(lambda: server.requests)
    child.send_signal(signal.SIGKILL)
    child.wait()

    row = APIRequestLog.objects.get()
    assert (row.state, row.price, row.duration_ms) == ("started", PRICE, None)


def test_no_call_happens_when_the_row_is_refused(server: OddServer) -> None:
    server.will(FINE)
    with connections["api_log"].cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    try:
        with pytest.raises(DatabaseError):
            call()
    finally:
        connections["api_log"].close()

    assert server.requests == []


def test_calls_are_attributed_and_counted(server: OddServer) -> None:
    server.will(odd_server.hanging_up, FINE)

    with recording.attributed_to("run-7") as tally:
        call()
    call()

    assert tally.calls == 2
    assert APIRequestLog.objects.filter(batch="run-7").count() == 2


def test_the_row_knows_the_request_or_task_that_made_the_call(server: OddServer) -> None:
    server.will(FINE)
    token = request_id.set("ours-1")

    call()

    request_id.reset(token)
    assert APIRequestLog.objects.get().request_id == "ours-1"


def test_bodies_are_cut_to_the_limit_in_force(server: OddServer) -> None:
    ArchivingSetting(api_log_body_limit=20).save()
    server.will(answering('{"code": 200, "data": {"items": []}}'))

    call()

    row = APIRequestLog.objects.get()
    assert (row.response_body, row.response_bytes) == ('{"code": 200, "data"', 36)


@pytest.mark.parametrize(
    "reply",
    [
        answering(ECHO, 401, x_request_id=TOKEN),
        answering(f"<html>Bearer {TOKEN}</html>", 502),
        answering(f'{{"code": 200, "data": null, "message": "{TOKEN}"}}'),
        answering(f'{{"code": 200, "cache_url": "https://c.example/{TOKEN}", "data": {{}}}}'),
        answering("", 302, Location=f"https://elsewhere.example/?key={TOKEN}"),
        odd_server.hanging_up,
    ],
)
def test_the_token_reaches_neither_database_nor_log_nor_error(
    server: OddServer, caplog: pytest.LogCaptureFixture, reply: odd_server.Reply
) -> None:
    caplog.set_level(logging.DEBUG)
    server.will(reply)
    error = ""

    try:
        make_request(ENDPOINT, {"user_id": "1", "note": TOKEN}, target=f"x{TOKEN}")
    except errors.CoreAPIError as caught:
        error = repr(caught) + repr(caught.__cause__)

    stored = serializers.serialize("json", APIRequestLog.objects.all())
    assert APIRequestLog.objects.exists()
    assert TOKEN not in stored + error + caplog.text
