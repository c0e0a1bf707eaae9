"""Reads an answer of the Core API: returns its payload or raises the matching error.

Pure: no network, no database. The provider wraps a success as `{"code": 200, "data": ...}` and a
failure as `{"detail": ...}`, where `detail` is an object, a list or a string. A failure may come
with HTTP 200 as well. Some endpoints pass Instagram's own error bodies (`"status": "fail"`)
through.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from core import failures, pauses
from core.utils.errors import (
    BadRequest,
    CoreAPIError,
    Forbidden,
    NoCredit,
    NoSuchProfile,
    NotAvailable,
    PrivateProfile,
    RateLimited,
    Transient,
    Unauthorized,
    UnexpectedPayload,
)

Payload: TypeAlias = dict[str, Any] | list[Any]

# Every success has one of these keys.
ENVELOPE = {"code", "data"}
# Every answer of the provider itself has one of these keys, failures included.
OWN_KEYS = {*ENVELOPE, "detail"}
# A genuine answer has one of MARKS per fifty bytes, so at most 170,000 in the largest body. Each
# costs up to 120 bytes of memory when parsed, so a body of "[],[],..." would exhaust the worker.
MAX_VALUES = 400_000
MARKS = (b",", b"[", b"{")
# The provider has no codes for these, only text.
BALANCE = re.compile(r"余额|充值|balance|recharge|requires payment|not accept free", re.IGNORECASE)
INSTAGRAM_PAUSE = re.compile(r"wait a few minutes", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response as received. Header names are in lower case; `path` is the requested path."""

    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def payload(answer: Answer) -> Payload:
    """The envelope's `data`, unchanged. Raises the CoreAPIError that the answer stands for."""
    return _data(answer, _accepted(answer))


def document(answer: Answer) -> Mapping[str, Any]:
    """A JSON object that is no envelope. Raises the CoreAPIError that the answer stands for."""
    body = _accepted(answer)
    if not isinstance(body, dict):
        raise UnexpectedPayload(f"{answer.path}: not a JSON object")
    return body


def _accepted(answer: Answer) -> Any:
    """The JSON of an answer that is no refusal."""
    if 300 <= answer.status < 400:
        raise BadRequest(f"{answer.path}: redirected; check the address of the Core API")
    body = _json(answer)
    if answer.status >= 400:
        raise _refusal(answer, body)
    return body


def provider_request_id(answer: Answer) -> str:
    """The provider's id of the request, or ""."""
    return answer.headers.get("x-request-id", "")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The requested pause in seconds, from 0 to an hour; None if none is requested."""
    return pauses.asked_for(headers.get("retry-after", ""), headers.get("x-ratelimit-reset", ""))


def _json(answer: Answer) -> Any:
    if sum(map(answer.body.count, MARKS)) > MAX_VALUES:
        raise UnexpectedPayload(f"{answer.path}: JSON of more than {MAX_VALUES} values")
    try:
        return _parsed(answer.body)
    except (json.JSONDecodeError, UnicodeDecodeError):
        # A gateway sent this page, so it says nothing about the token, the path or the profile.
        kind = RateLimited if answer.status == 429 else Transient
        raise kind(
            f"{answer.path}: HTTP {answer.status} without JSON",
            retry_after=retry_after(answer.headers),
        ) from None
    except (RecursionError, ValueError):  # nested too deeply, or an integer with too many digits
        raise UnexpectedPayload(f"{answer.path}: JSON that cannot be read") from None


def _parsed(body: bytes) -> Any:
    """The parsed body. Invalid UTF-8 is replaced by U+FFFD if the answer is the provider's own.

    Raises UnicodeDecodeError for other senders, and the errors of `json.loads`.
    """
    try:
        return json.loads(body)
    except UnicodeDecodeError:
        document = json.loads(body.decode(json.detect_encoding(body), errors="replace"))
        if isinstance(document, dict) and document.keys() & OWN_KEYS:
            return document
        raise


def _refusal(answer: Answer, body: Any) -> CoreAPIError:
    """The error for HTTP 400 and above."""
    where = f"{answer.path}: HTTP {answer.status}"
    pause = retry_after(answer.headers)
    if answer.status == 429:
        return RateLimited(where, retry_after=pause)
    if answer.status == 408 or answer.status >= 500:
        return Transient(where, retry_after=pause)
    # Instagram's own refusal has these members. Then our token and balance are fine.
    layers = _layers(body, "detail")
    if any(layer.get("status") == "fail" or "require_login" in layer for layer in layers):
        return _instagrams_refusal(where, body)
    if answer.status == 403:
        return _forbidden(where, body, pause)
    return _refusal_by_status(answer.status, where, body)


def _refusal_by_status(status: int, where: str, body: Any) -> CoreAPIError:
    if status == 401:
        return Unauthorized(
            f"{where}: the token is wrong or expired; enter another in the admin under Settings, "
            "Core API, or set CORE_API_TOKEN."
        )
    if status == 402:
        return NoCredit(f"{where}: the account has no balance")
    if status == 404 and not _is_the_providers(body):
        return BadRequest(f"{where}: no such endpoint")
    if status in {405, 422}:
        return BadRequest(f"{where}: the parameters were refused")
    return NotAvailable(f"{where}: the provider gave no reason that can be trusted")


def _is_the_providers(body: Any) -> bool:
    """Whether a 404 has the provider's own form, so that it refers to the requested resource.

    For an unknown path, the framework's "Not Found" has a string as `detail`. A gateway's page has
    none.
    """
    return isinstance(_member(body, "detail"), dict) or _member(body, "code") is not None


def _forbidden(where: str, body: Any, pause: float | None) -> CoreAPIError:
    if _member(body, "error_code") is not None:
        return Transient(f"{where}: blocked by the network in front", retry_after=pause)
    if _says(BALANCE, body):
        return NoCredit(f"{where}: the account has no balance")
    return Forbidden(f"{where}: the token lacks the scope for this endpoint")


def _instagrams_refusal(where: str, body: Any) -> CoreAPIError:
    if _says(failures.PRIVATE, body):
        return PrivateProfile(f"{where}: the profile is private")
    if _says(INSTAGRAM_PAUSE, body):
        return Transient(f"{where}: Instagram asked the provider to wait")
    return NotAvailable(f"{where}: Instagram refused the provider")


def _data(answer: Answer, body: Any) -> Payload:
    """The payload of an answer with HTTP 200."""
    if isinstance(body, dict) and _has_failed(body):
        raise _failure_inside(answer, body)
    if not isinstance(body, dict) or not body.keys() & ENVELOPE:
        # The host answers with something else than the Core API, such as `{"message":
        # "maintenance"}`.
        raise Transient(f"{answer.path}: HTTP {answer.status} without the provider's envelope")
    found = body.get("data")
    if not isinstance(found, dict | list):
        raise UnexpectedPayload(f"{answer.path}: an envelope without data")
    # A list of media may carry a null user as well, and its profile exists.
    layers = (layer for layer in _layers(found, "data") if "items" not in layer)
    if any(map(failures.says_no_such_user, layers)):
        raise NoSuchProfile(f"{answer.path}: the provider knows no such profile")
    return found


def _has_failed(body: Mapping[str, Any]) -> bool:
    if body.get("code") not in (None, 200, "200"):
        return True
    if body.get("data") is None and ("data" in body or "detail" in body):
        return True
    return any(map(failures.is_failure, _layers(body, "data")))


def _failure_inside(answer: Answer, body: Mapping[str, Any]) -> CoreAPIError:
    """The error for a failure with HTTP 200."""
    code = body.get("code")
    if code in (401, 402, 403, 429):
        return _refusal(replace(answer, status=code), body)
    if _says(failures.PRIVATE, body):
        return PrivateProfile(f"{answer.path}: the profile is private")
    return NotAvailable(f"{answer.path}: a failure inside HTTP {answer.status}")


def _layers(body: Any, wrapper: str) -> Iterator[Mapping[str, Any]]:
    """The object, then the object under its wrapper key, and so on inwards."""
    while isinstance(body, dict):
        yield body
        body = body.get(wrapper)


def _member(body: Any, name: str) -> Any:
    return body.get(name) if isinstance(body, dict) else None


def _says(pattern: re.Pattern[str], body: Any) -> bool:
    return any(
        failures.says(pattern, layer)
        for wrapper in ("detail", "data")
        for layer in _layers(body, wrapper)
    )
