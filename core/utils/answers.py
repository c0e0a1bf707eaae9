"""Reads an answer of the Core API: its payload, or the error that says what to do now.

Pure: no network, no database. The provider wraps a success as `{"code": 200, "data": ...}` and a
failure as `{"detail": ...}`, where `detail` is an object, a list or a string; a failure may also
come with HTTP 200. Instagram's own error bodies (`"status": "fail"`) are passed through in places.
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

# Every success has one of these.
ENVELOPE = {"code", "data"}
# Every answer of the provider's own, also a failure, has one of these.
OWN_KEYS = {*ENVELOPE, "detail"}
# An honest answer has one of MARKS in fifty bytes, so at most 170,000 in the largest body. Each
# costs up to 120 bytes once it is read: a body of "[],[],..." would take the worker.
MAX_VALUES = 400_000
MARKS = (b",", b"[", b"{")
# The provider has no code for these, only words.
BALANCE = re.compile(r"余额|充值|balance|recharge|requires payment|not accept free", re.IGNORECASE)
INSTAGRAM_PAUSE = re.compile(r"wait a few minutes", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came over the wire. Header names are in lower case; `path` is what was asked."""

    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def payload(answer: Answer) -> Payload:
    """The envelope's `data`, untouched. Raises the CoreAPIError that the answer stands for."""
    if 300 <= answer.status < 400:
        raise BadRequest(f"{answer.path}: redirected; check the address of the Core API")
    body = _json(answer)
    if answer.status >= 400:
        raise _refusal(answer, body)
    return _data(answer, body)


def provider_request_id(answer: Answer) -> str:
    """The id under which the provider knows the request, or ""."""
    return answer.headers.get("x-request-id", "")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The pause asked for in seconds, from 0 to an hour; None where none is asked for."""
    return pauses.asked_for(headers.get("retry-after", ""), headers.get("x-ratelimit-reset", ""))


def _json(answer: Answer) -> Any:
    if sum(map(answer.body.count, MARKS)) > MAX_VALUES:
        raise UnexpectedPayload(f"{answer.path}: JSON of more than {MAX_VALUES} values")
    try:
        return _parsed(answer.body)
    except (json.JSONDecodeError, UnicodeDecodeError):
        # A page of some gateway: it says nothing about the token, the path or the profile.
        kind = RateLimited if answer.status == 429 else Transient
        raise kind(
            f"{answer.path}: HTTP {answer.status} without JSON",
            retry_after=retry_after(answer.headers),
        ) from None
    except (RecursionError, ValueError):  # nested too deep, or an integer without end
        raise UnexpectedPayload(f"{answer.path}: JSON that cannot be read") from None


def _parsed(body: bytes) -> Any:
    """The document. A byte that is no UTF-8 is U+FFFD where the answer is the provider's own.

    Raises UnicodeDecodeError where it is somebody else's, and what `json.loads` raises.
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
    if any(_is_instagrams(layer) for layer in _layers(body, "detail")):
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
    """Whether a 404 is in the provider's own form, so about what was asked for.

    The framework's "Not Found" for an unknown path has a string as its detail, a gateway's neither.
    """
    return isinstance(_member(body, "detail"), dict) or _member(body, "code") is not None


def _forbidden(where: str, body: Any, pause: float | None) -> CoreAPIError:
    if _member(body, "error_code") is not None:
        return Transient(f"{where}: blocked by the network in front", retry_after=pause)
    if _says(BALANCE, body):
        return NoCredit(f"{where}: the account has no balance")
    return Forbidden(f"{where}: the token lacks the scope for this endpoint")


def _is_instagrams(layer: Mapping[str, Any]) -> bool:
    return layer.get("status") == "fail" or "require_login" in layer


def _instagrams_refusal(where: str, body: Any) -> CoreAPIError:
    """Instagram refused the provider, not us: our token and our balance are fine."""
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
        # A notice of whoever answers there now, such as `{"message": "maintenance"}`.
        raise Transient(f"{answer.path}: HTTP {answer.status} without the provider's envelope")
    found = body.get("data")
    if not isinstance(found, dict | list):
        raise UnexpectedPayload(f"{answer.path}: an envelope without data")
    if any(map(_is_nobody, _layers(found, "data"))):
        raise NoSuchProfile(f"{answer.path}: the provider knows no such profile")
    return found


def _has_failed(body: Mapping[str, Any]) -> bool:
    if body.get("code") not in (None, 200, "200"):
        return True
    if body.get("data") is None and ("data" in body or "detail" in body):
        return True
    return any(map(failures.is_failure, _layers(body, "data")))


def _failure_inside(answer: Answer, body: Mapping[str, Any]) -> CoreAPIError:
    """The error for a failure that came with HTTP 200."""
    code = body.get("code")
    if code in (401, 402, 403, 429):
        return _refusal(replace(answer, status=code), body)
    if _says(failures.PRIVATE, body):
        return PrivateProfile(f"{answer.path}: the profile is private")
    return NotAvailable(f"{answer.path}: a failure inside HTTP {answer.status}")


def _is_nobody(layer: Mapping[str, Any]) -> bool:
    return failures.is_nobody(layer) and "items" not in layer


def _layers(body: Any, wrapper: str) -> Iterator[Mapping[str, Any]]:
    """The object, then what lies under the wrapper in it, and so on inwards."""
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
