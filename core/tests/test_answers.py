"""Every form of the provider's answers, and the error that each stands for."""

from __future__ import annotations

import json
import os
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import time_machine

from core.utils import answers, errors
from core.utils.answers import Answer

NOW = 1_770_000_000
CORPUS = os.environ.get("INSTARCHIVER_CORPUS", "")


def answer(body: object, status: int = 200, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(path="/fetch", status=status, headers=names, body=raw)


def detail(**fields: Any) -> dict[str, Any]:
    return {"detail": {"request_id": "89c7", "router": "/fetch", **fields}}


REFUSALS = {
    "generic 400": (400, detail(code=400, message="Request failed."), errors.NotAvailable),
    "400 without a message": (400, detail(code=400), errors.NotAvailable),
    "private": (
        400,
        {"message": "Not authorized to view user", "status": "fail"},
        errors.PrivateProfile,
    ),
    "private, wrapped": (
        400,
        detail(status="fail", message="Not authorized to view user"),
        errors.PrivateProfile,
    ),
    "Instagram's challenge": (
        400,
        {"message": "checkpoint_required", "lock": False, "status": "fail"},
        errors.NotAvailable,
    ),
    "Instagram's login wall": (
        401,
        {"message": "Please wait a few minutes.", "require_login": True, "status": "fail"},
        errors.Transient,
    ),
    "bad token": (401, detail(code=401, message_zh="无法验证API令牌"), errors.Unauthorized),
    "no balance": (402, detail(code=402, message="Insufficient balance"), errors.NoCredit),
    "no balance as 403": (
        403,
        detail(code=403, message_zh="账户余额不足。"),
        errors.NoCredit,
    ),
    "no scope": (403, detail(code=403), errors.Forbidden),
    "blocked by the CDN": (
        403,
        {"error_code": 1010, "detail": "The site owner has blocked access", "status": 403},
        errors.Transient,
    ),
    "blocked with a page": (403, b"<!DOCTYPE html><h1>Access denied</h1>", errors.Transient),
    "unknown path": (404, {"detail": "Not Found"}, errors.BadRequest),
    "unknown path of a gateway": (404, {"message": "no Route matched"}, errors.BadRequest),
    "404 about the thing": (404, detail(code=404), errors.NotAvailable),
    "404 about the thing, top level": (404, {"code": 404, "message": "no"}, errors.NotAvailable),
    "wrong method": (405, {"detail": "Method Not Allowed"}, errors.BadRequest),
    "request timeout": (408, {"detail": "slow"}, errors.Transient),
    "gone": (410, {"detail": "Gone"}, errors.NotAvailable),
    "validation": (
        422,
        {"detail": [{"loc": ["query", "username"], "msg": "field required"}]},
        errors.BadRequest,
    ),
    "rate limit": (429, detail(code=429, message="Too Many Requests"), errors.RateLimited),
    "rate limit with a page": (429, b"<html>slow down</html>", errors.RateLimited),
    "top-level 500": (500, {"code": 500, "message_zh": "请求失败"}, errors.Transient),
    "500 in detail": (500, detail(code=500), errors.Transient),
    "gateway page": (502, b"<html>bad gateway</html>", errors.Transient),
    "503 as a list": (503, ["unavailable"], errors.Transient),
    "504 without a body": (504, b"", errors.Transient),
    "a number": (400, 7, errors.NotAvailable),
    "redirect": (301, b"", errors.BadRequest),
}

FAILURES_INSIDE_200 = {
    "top-level code": ({"code": 400, "router": "/x", "message": "not found"}, errors.NotAvailable),
    "top-level code beside data": ({"code": 500, "data": {"user": {}}}, errors.NotAvailable),
    "top-level code of any type": ({"code": [], "data": {"user": {}}}, errors.NotAvailable),
    "no balance": ({"code": 402, "message": "Insufficient balance"}, errors.NoCredit),
    "bad token": ({"code": 401, "data": None}, errors.Unauthorized),
    "rate limit": ({"code": 429}, errors.RateLimited),
    "data null": ({"code": 200, "data": None}, errors.NotAvailable),
    "detail": (detail(code=400), errors.NotAvailable),
    "code in data": (
        {"data": {"code": 400, "message": "execution error", "data": None}},
        errors.NotAvailable,
    ),
    "status false": (
        {"code": 200, "data": {"status": False, "errorMessage": "no", "attempts": 3}},
        errors.NotAvailable,
    ),
    "status fail": ({"code": 200, "data": {"status": "fail"}}, errors.NotAvailable),
    "status fail, nested": ({"data": {"data": {"status": "fail"}}}, errors.NotAvailable),
    "status fail without envelope": ({"status": "fail", "message": "no"}, errors.NotAvailable),
    "private": (
        {"data": {"status": "fail", "message": "Not authorized to view user"}},
        errors.PrivateProfile,
    ),
    "no such user": (
        {"code": 200, "data": {"data": {"user": None}, "status": "ok"}},
        errors.NoSuchProfile,
    ),
    "no such user, GraphQL": (
        {"data": {"data": {"viewer": {}, "user": None}, "status": "ok"}},
        errors.NoSuchProfile,
    ),
    "no such user, one level": ({"data": {"user": None, "status": "ok"}}, errors.NoSuchProfile),
    "no JSON": (b"<html>", errors.Transient),
    "nothing": (b"", errors.Transient),
    "no UTF-8, and no data": (b'{"data": "\xff\xfe"}', errors.UnexpectedPayload),
    "a list": ([1, 2], errors.Transient),
    "a text": ("fine", errors.Transient),
    "a notice": ({"message": "maintenance"}, errors.Transient),
    "an empty object": ({}, errors.Transient),
    "no data": ({"code": 200}, errors.UnexpectedPayload),
    "data that is text": ({"code": 200, "data": "soon"}, errors.UnexpectedPayload),
    "nested too deep": (b'{"data": ' + b"[" * 100_000, errors.UnexpectedPayload),
    "an endless integer": (
        b'{"data": {"pk": ' + b"9" * 5000 + b"}}",
        errors.UnexpectedPayload,
    ),
}


@pytest.mark.parametrize(("status", "body", "error"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_says_what_to_do(
    status: int, body: object, error: type[errors.CoreAPIError]
) -> None:
    with pytest.raises(errors.CoreAPIError) as caught:
        answers.payload(answer(body, status))

    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("body", "error"), FAILURES_INSIDE_200.values(), ids=list(FAILURES_INSIDE_200)
)
def test_http_200_may_still_be_a_failure(body: object, error: type[errors.CoreAPIError]) -> None:
    with pytest.raises(errors.CoreAPIError) as caught:
        answers.payload(answer(body))

    assert type(caught.value) is error


@pytest.mark.parametrize(
    "body",
    [
        {"code": 200, "data": {"user": {"id": "1"}}},
        {"data": {"user": {"id": "1"}}},
        {"code": None, "data": {"user": {"id": "1"}}},
        {"code": "200", "data": {"user": {"id": "1"}}, "message": "insufficient balance"},
    ],
)
def test_a_success_is_handed_on_untouched(body: dict[str, Any]) -> None:
    assert answers.payload(answer(body)) == {"user": {"id": "1"}}


def test_a_list_of_items_with_a_null_user_is_a_success() -> None:
    data: dict[str, Any] = {"data": {"items": [], "user": None}}

    assert answers.payload(answer({"data": data})) == data


def test_a_post_whose_code_is_its_shortcode_is_a_success() -> None:
    data = {"code": "CxYz_400", "pk": "1", "status": "ok"}

    assert answers.payload(answer({"code": 200, "data": data})) == data


def test_integers_above_2_to_the_53_keep_every_digit() -> None:
    body = b'{"data": {"pk": 9007199254740993001}}'

    assert answers.payload(answer(body)) == {"pk": 9007199254740993001}


def test_of_a_repeated_key_the_last_counts() -> None:
    body = b'{"data": null, "data": {"pk": 1, "pk": 2}}'

    assert answers.payload(answer(body)) == {"pk": 2}


def test_not_a_number_does_not_cost_the_page() -> None:
    payload = answers.payload(answer(b'{"data": {"items": [], "video_duration": NaN}}'))

    assert isinstance(payload, dict)
    assert payload["items"] == []


def test_an_unknown_path_is_named() -> None:
    with pytest.raises(errors.BadRequest, match="/fetch"):
        answers.payload(answer({"detail": "Not Found"}, 404))


def test_a_byte_that_is_no_utf8_is_replaced_in_the_providers_envelope() -> None:
    found = answers.payload(answer(b'{"code": 200, "data": {"full_name": "Caf\xe9"}}'))

    assert found == {"full_name": "Caf\N{REPLACEMENT CHARACTER}"}


def test_a_failure_of_the_providers_with_such_a_byte_is_its_failure() -> None:
    with pytest.raises(errors.Unauthorized):
        answers.payload(answer(b'{"detail": {"message": "Caf\xe9"}}', 401))


@pytest.mark.parametrize("status", [200, 401, 404])
@pytest.mark.parametrize("body", [b'{"message": "Caf\xe9"}', b'["Caf\xe9"]', b"Caf\xe9"])
def test_such_a_byte_in_what_others_say_is_transient(body: bytes, status: int) -> None:
    with pytest.raises(errors.Transient, match="without JSON"):
        answers.payload(answer(body, status))


@pytest.mark.parametrize("value", [b"[]", b"{}", b'{"a":1}'])
def test_json_of_more_values_than_any_answer_has_is_not_read(value: bytes) -> None:
    many = b",".join([value] * answers.MAX_VALUES)

    with pytest.raises(errors.UnexpectedPayload, match="values"):
        answers.payload(answer(b'{"code": 200, "data": {"items": [' + many + b"]}}"))


def test_an_error_never_quotes_the_body() -> None:
    echo = "您提交的API令牌为 the-key-that-was-sent"

    with pytest.raises(errors.Unauthorized) as caught:
        answers.payload(answer(detail(code=401, message_zh=echo), 401))

    assert "the-key" not in repr(caught.value)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry_after": "7"}, 7),
        ({"retry_after": "0"}, 0),
        ({"retry_after": "1.5"}, 1.5),
        ({"retry_after": "86400"}, 3600),
        ({"retry_after": formatdate(NOW + 90, usegmt=True)}, 90),
        ({"retry_after": formatdate(NOW - 90, usegmt=True)}, 0),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "-5"}, None),
        ({"retry_after": "nan"}, None),
        ({"x_ratelimit_reset": "12"}, 12),
        ({"x_ratelimit_reset": str(NOW + 45)}, 45),
        ({"x_ratelimit_reset": str(NOW - 45)}, 0),
        ({"retry_after": "3", "x_ratelimit_reset": "12"}, 3),
    ],
)
def test_the_pause_is_read_from_the_headers(headers: dict[str, str], seconds: float | None) -> None:
    with time_machine.travel(NOW, tick=False), pytest.raises(errors.RateLimited) as caught:
        answers.payload(answer(detail(code=429), 429, **headers))

    assert caught.value.retry_after == seconds


def reported() -> list[Any]:
    """Bodies that other clients reported, if the recorded payloads are available."""
    if not CORPUS:
        return []
    path = Path(CORPUS) / "tikhub_envelope" / "errors_reported.json"
    cases = json.loads(path.read_text())["cases"]
    return [
        pytest.param(case, id=f"{case['status']}-{number}") for number, case in enumerate(cases)
    ]


@pytest.mark.skipif(not CORPUS, reason="INSTARCHIVER_CORPUS names no folder")
@pytest.mark.parametrize("case", reported())
def test_every_reported_error_is_an_error(case: dict[str, Any]) -> None:
    body = case["body"].encode() if isinstance(case["body"], str) else case["body"]

    with pytest.raises(errors.CoreAPIError) as caught:
        answers.payload(answer(body, case["status"]))

    assert not isinstance(caught.value, errors.UnexpectedPayload)
