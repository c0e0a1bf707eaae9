"""The provider's success envelope and all of its error formats."""

# ruff: noqa: RUF001 - the provider writes its Chinese with Chinese punctuation

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from lab.simulator import seeding

ZONE = "America/Los_Angeles"
SUPPORT = "Discord: https://discord.gg/aMEAS8Xsvz"
CACHE = "https://cache.simulator.invalid/api/v1/cache/public"
JSON = "application/json"
HTML = "text/html"


@dataclass(frozen=True, slots=True)
class SimulatedCall:
    """The parts of a call that the envelope of its answer repeats."""

    path: str
    parameters: Mapping[str, str]
    token: str
    now: int
    serial: int

    @property
    def request_id(self) -> str:
        """An identifier that is unique per call and equal in every run."""
        return str(uuid.UUID(bytes=seeding.digest(self.path, self.serial)[:16], version=4))


@dataclass(frozen=True, slots=True)
class Invalid:
    """One reason for a 422."""

    parameter: str
    message: str
    type: str


@dataclass(frozen=True, slots=True)
class Written:
    """An answer of the Core API before it is sent."""

    status: int
    body: bytes
    content_type: str = JSON
    retry_after: int | None = None


def success(call: SimulatedCall, data: Any) -> Written:
    return _json(200, {**_fields(call, 200), **_charge(call), "data": data})


def _fields(call: SimulatedCall, code: int) -> dict[str, Any]:
    local = datetime.fromtimestamp(call.now, UTC).astimezone(ZoneInfo(ZONE))
    return {
        "code": code,
        "request_id": call.request_id,
        "support": SUPPORT,
        # The provider's local time, without an offset: only `time_stamp` names a moment.
        "time": local.strftime("%Y-%m-%d %H:%M:%S"),
        "time_stamp": call.now,
        "time_zone": ZONE,
        "router": call.path,
        "params": dict(call.parameters),  # as received: numbers are text
    }


def _charge(call: SimulatedCall) -> dict[str, Any]:
    family, name = call.path.split("/")[-2:]
    sign = seeding.digest("cache", call.request_id).hex()
    return {
        "message": "Request successful. This request will incur a charge.",
        "message_zh": "请求成功，本次请求将被计费。",
        "docs": f"https://api.tikhub.io/#/Instagram-{family.upper()}-API/{name}",
        "cache_message": "This request will be cached. You can access the cached result directly "
        "using the URL below, valid for 24 hours. Accessing the cache will not incur additional "
        "charges.",
        "cache_message_zh": "本次请求将被缓存，你可以使用下面的 URL 直接访问缓存结果，"
        "有效期为 24 小时，访问缓存不会产生额外费用。",
        # Anyone who has this URL can read the answer, so clients must not log it.
        "cache_url": f"{CACHE}/{call.request_id}?sign={sign}",
    }


def health() -> Written:
    """Return the answer of the health check, which has no envelope."""
    return _json(200, {"status": "ok"})


def account(call: SimulatedCall) -> Written:
    """Return what the provider says of the token, which has no envelope."""
    key = {
        "api_key_name": "simulator",
        "api_key_scopes": ["/api/v1/instagram/"],
        "created_at": "2026-01-01T00:00:00",
        "expires_at": None,
        "api_key_status": 1,
    }
    user = {
        "email": "owner@instarchiver.example",
        "balance": 12.5,
        "free_credit": 0.25,
        "email_verified": True,
        "account_disabled": False,
        "is_active": True,
    }
    body = {"code": 200, "router": call.path, "api_key_data": key, "user_data": user}
    return _json(200, body)


def form(name: str, call: SimulatedCall) -> Written:
    """Return the failure with that name. Raises KeyError for a name that FORMS lacks."""
    return FORMS[name](call)


def validation(reasons: Iterable[Invalid]) -> Written:
    """Return HTTP 422 with all reasons."""
    detail = [
        {"loc": ["query", reason.parameter], "msg": reason.message, "type": reason.type}
        for reason in reasons
    ]
    return _json(422, {"detail": detail})


def _upstream_failed(call: SimulatedCall) -> Written:
    chinese = "请求失败，请重试。本次请求不会被扣费。"
    return _detail(call, 400, "Request failed. Please retry.", chinese)


def _invalid_token(call: SimulatedCall) -> Written:
    # The real provider repeats the submitted key, too, so clients must not store this body.
    chinese = f"无效的API令牌，您提交的API令牌为 {call.token}。"
    return _detail(call, 401, "Invalid API token", chinese)


def _rate_limited(call: SimulatedCall) -> Written:
    written = _detail(call, 429, "Too Many Requests", "请求过于频繁")
    return replace(written, retry_after=1)


def _blocked(_call: SimulatedCall) -> Written:
    # Cloudflare's answer, not the provider's, so it has none of the keys of the provider's errors.
    body = {
        "error_code": 1010,
        "title": "Error 1010: Access denied",
        "error_name": "browser_signature_banned",
        "detail": "The site owner has blocked access",
        "status": 403,
    }
    return _json(403, body)


def _page(status: int, title: str) -> Callable[[SimulatedCall], Written]:
    text = f"<html><head><title>{status} {title}</title></head><body>{title}</body></html>"
    return lambda _call: Written(status, text.encode(), HTML)


def _plain(status: int, english: str, chinese: str) -> Callable[[SimulatedCall], Written]:
    return lambda call: _detail(call, status, english, chinese)


def _data(data: object) -> Callable[[SimulatedCall], Written]:
    return lambda call: success(call, data)


FORMS: dict[str, Callable[[SimulatedCall], Written]] = {
    "upstream_failed": _upstream_failed,
    "invalid_token": _invalid_token,
    "no_balance": _plain(402, "Insufficient balance", "余额不足"),
    "no_scope": _plain(403, "Insufficient permissions", "API令牌权限不足"),
    # An empty balance was reported under both statuses, and this one has no English message.
    "no_balance_403": lambda call: _json(
        403, {"detail": {"code": 403, "message_zh": "账户余额不足，请充值。", "router": call.path}}
    ),
    "blocked": _blocked,
    "not_found": lambda _call: _json(404, {"detail": "Not Found"}),
    "validation": lambda _call: validation([Invalid("username", "Field required", "missing")]),
    "rate_limited": _rate_limited,
    "server_error": _plain(500, "Internal error. Please retry.", "请求失败，请重试"),
    "server_error_flat": lambda call: _json(
        500, {"code": 500, "message_zh": "请求失败，请重试", "request_id": call.request_id}
    ),
    # The gateway in front of the provider answers with pages, so JSON is not certain.
    "bad_gateway": _page(502, "Bad gateway"),
    "unavailable": _page(503, "Service temporarily unavailable"),
    "gateway_timeout": _page(504, "Gateway time-out"),
    # The failures from here on have the status 200, so each of them is charged.
    "in_body_code": lambda call: _json(
        200, {"code": 400, "router": call.path, "message": "media not found"}
    ),
    "in_body_execution_error": _data({"code": 400, "message": "execution error", "data": None}),
    "in_body_status_false": _data(
        {"status": False, "errorMessage": "Request to Instagram failed", "attempts": 3}
    ),
    "in_body_fail": _data({"status": "fail", "message": "Please wait a few minutes."}),
    # Instagram's own answer for a missing account, passed on as a success.
    "user_null": _data({"data": {"user": None}, "status": "ok"}),
    "data_null": _data(None),
    "html_at_200": _page(200, "Just a moment..."),
    "not_json": lambda _call: Written(200, b'{"code":200,"data":{"items":['),
    "empty_body": lambda _call: Written(200, b""),
}


def _json(status: int, payload: object) -> Written:
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return Written(status, text.encode())


def _detail(call: SimulatedCall, status: int, english: str, chinese: str) -> Written:
    messages = {"message": english, "message_zh": chinese}
    return _json(status, {"detail": {**_fields(call, status), **messages}})
