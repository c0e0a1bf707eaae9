"""The client of the Core API: pooled connections, admission of calls, one log row per attempt.

    make_request ──▶ provider ──▶ attempt ──▶ admission ──▶ HTTP ──▶ answers ──▶ conclusion
                      ▲    ▲         │ transient failure: up to 3 attempts within seconds
                      │    └── retry ┤
                      └─── next ◀────┘ any other failure, or the call was not admitted

The caller handles longer pauses: `Transient.retry_after` is stored in the run's row. HTTP does not
leak out of this module; callers get payloads and the errors of `core/utils/errors.py`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

import httpx
import stamina
from django.db import connection

from api_logs import recording
from api_logs.gate import admission
from core.http.deadlines import DeadlineTransport, deadline
from core.http.decoding import (
    Damaged,
    LimitExceeded,
    Truncated,
    UnknownEncoding,
    decoded,
    encoding_of,
)
from core.utils import answers
from core.utils.answers import Answer, Payload
from core.utils.errors import (
    BadRequest,
    BudgetExhausted,
    CallsStopped,
    CoreAPIError,
    Forbidden,
    NoFreeSlot,
    NoSuchProfile,
    NotAvailable,
    NotConfigured,
    PrivateProfile,
    Transient,
    UnexpectedPayload,
)
from settings import current
from settings.current import PRIMARY, CoreAPIConfig

MEBIBYTE = 2**20
# Of the decoded body; about three times the largest page of 50 posts.
MAX_BODY_SIZE = 8 * MEBIBYTE
# Seconds. Longer pauses are left to the caller, so that a row waits instead of a worker.
MAX_PAUSE_HERE = 5.0
CONNECT_TIMEOUT = 10.0
# Nothing was sent before these errors, so the call is free.
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

# A statement about the profile itself is final, and all providers share one budget. After any other
# error the next provider is called. Refusals are free, so this costs at most one paid answer.
FINAL = (NoSuchProfile, PrivateProfile, BudgetExhausted)
# If no provider is worth a retry, the caller gets the first of these. An error of one endpoint must
# not end a run that can use other endpoints.
BY_USEFULNESS = (NotAvailable, CallsStopped, UnexpectedPayload, BadRequest, Forbidden)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path of the Core API, its name in our log, and the price of one call in USD."""

    name: str
    path: str
    price: Decimal


ACCOUNT = Endpoint("get_user_info", "/api/v1/tikhub/user/get_user_info", Decimal(0))


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one provider; retries send it unchanged."""

    endpoint: Endpoint
    params: Mapping[str, str | int]
    target: str
    config: CoreAPIConfig = field(repr=False)

    def planned(self) -> recording.Attempt:
        """The log entry that is written before the call."""
        return recording.Attempt(
            endpoint=self.endpoint.name,
            target=self.target,
            path=self.endpoint.path,
            params=self.params,
            price=self.endpoint.price,
            provider=self.config,
        )


def make_request(
    endpoint: Endpoint, params: Mapping[str, str | int], *, target: str = ""
) -> Payload:
    """GET one document: the `data` of the envelope, unchanged. Raises only CoreAPIError.

    The providers are called in order until one answers. `target` is the id or name that the log
    shows. Raises RuntimeError inside a transaction, which would stay open during the call.
    """
    if connection.in_atomic_block:
        raise RuntimeError("Core API call inside a transaction: make the call first.")
    refusals: list[CoreAPIError] = []
    for config in current.core_apis():
        try:
            return _SHORT_RETRIES(_attempt, Call(endpoint, params, target, checked(config)))
        except FINAL:
            raise
        except CoreAPIError as refusal:
            refusals.append(refusal)
    raise _most_useful(refusals)


def account_of(config: CoreAPIConfig) -> Mapping[str, Any]:
    """What the provider says of the token: `api_key_data` and `user_data`. Costs nothing.

    Raises CoreAPIError. The answer is not kept in the log: it names the owner of the account.
    """
    call = Call(ACCOUNT, {}, "", checked(config))
    with admission.admitted(call.planned()) as outcome:
        return answers.document(_exchange(call, outcome))


def checked(config: CoreAPIConfig) -> CoreAPIConfig:
    """The valid configuration. Raises NotConfigured, whose message says where to set it."""
    if config.problem:
        raise NotConfigured(f"Core API token: {config.problem}")
    if not config.base_url or not config.token:
        raise NotConfigured(_missing(config))
    # Other tokens are invalid in a header, and the HTTP library's error would quote the token.
    if not (config.token.isascii() and config.token.isprintable() and " " not in config.token):
        raise NotConfigured("The Core API's token contains spaces or special characters.")
    try:
        httpx.URL(config.base_url)
    except httpx.InvalidURL as error:
        raise NotConfigured("The Core API's address is not a URL.") from error
    return config


def _missing(config: CoreAPIConfig) -> str:
    part = "address" if not config.base_url else "token"
    if config.name != PRIMARY:
        return f"The {part} of {config.name} is not set: enter it in the admin."
    variable = "CORE_API_URL" if not config.base_url else "CORE_API_TOKEN"
    return (
        f"The Core API's {part} is not set: "
        f"enter it in the admin under Settings, Core API, or set {variable}."
    )


def _most_useful(refusals: list[CoreAPIError]) -> CoreAPIError:
    """The error that allows the earliest retry, or else the first one of BY_USEFULNESS.

    A provider without a free slot works, so waiting for a slot is preferred to retrying a provider
    that failed.
    """
    crowded = [each for each in refusals if isinstance(each, NoFreeSlot)]
    if crowded:
        return min(crowded, key=lambda each: each.retry_after)
    pauses = [each for each in refusals if isinstance(each, Transient)]
    if pauses:
        return min(pauses, key=lambda each: each.retry_after or 0)
    chosen = (each for kind in BY_USEFULNESS for each in refusals if isinstance(each, kind))
    return next(chosen, refusals[0])


def _pause_before_retry(error: Exception) -> bool | float:
    """Seconds to wait, True for the usual backoff, False to give up."""
    if not isinstance(error, Transient):
        return False
    if error.retry_after is None:
        return True
    return error.retry_after if error.retry_after <= MAX_PAUSE_HERE else False


# No attempt starts after 20 seconds. With a timeout of 60 seconds the caller gets an answer within
# 2 minutes.
_SHORT_RETRIES = stamina.RetryingCaller(attempts=3, timeout=20, wait_initial=0.5).on(
    _pause_before_retry
)


def _attempt(call: Call) -> Payload:
    """One HTTP attempt and its row in the log; neither if admission refuses the call."""
    with admission.admitted(call.planned()) as outcome:
        answer = _exchange(call, outcome)
        outcome.body = answer.body
        outcome.provider_request_id = answers.provider_request_id(answer)
        return answers.payload(answer)


def _exchange(call: Call, outcome: recording.CallOutcome) -> Answer:
    """Send the request and read the whole answer within the provider's timeout.

    Raises Transient if the network fails, BadRequest if the parameters do not fit into a URL, and
    UnexpectedPayload if the body cannot be decoded.
    """
    path, seconds = call.endpoint.path, call.config.timeout_seconds
    try:
        with (
            deadline(seconds),
            _http().stream(
                "GET",
                call.config.base_url + path,
                params=call.params,
                headers={"Authorization": f"Bearer {call.config.token}"},
                timeout=httpx.Timeout(seconds, connect=CONNECT_TIMEOUT),
            ) as response,
        ):
            outcome.http_status = response.status_code
            body = _body(response, path)
    except httpx.InvalidURL as error:  # above 64 KiB, such as with a hostile cursor
        outcome.sent = False
        raise BadRequest(f"{path}: the parameters do not fit into a URL") from error
    except httpx.RequestError as error:
        outcome.sent = not isinstance(error, NEVER_SENT)
        raise Transient(f"{path}: {type(error).__name__}") from error
    return Answer(path, response.status_code, dict(response.headers), body)


def _body(response: httpx.Response, path: str) -> bytes:
    """The decoded body. Raises UnexpectedPayload if it exceeds MAX_BODY_SIZE."""
    try:
        encoding = encoding_of(response.headers.get("content-encoding", ""))
        return b"".join(decoded(response.iter_raw(), encoding, limit=MAX_BODY_SIZE))
    except (Damaged, Truncated) as error:
        raise Transient(f"{path}: {error}") from error
    except (LimitExceeded, UnknownEncoding) as error:
        raise UnexpectedPayload(f"{path}: {error}") from error


@cache
def _http() -> httpx.Client:
    """The connection pool of the process; URL, token and timeout are set per request.

    Redirects are not followed, because they would send the token to another host.
    """
    return httpx.Client(
        # Other encodings are not requested: every host supports gzip, which saves nine tenths.
        headers={"User-Agent": "Instarchiver", "Accept-Encoding": "gzip"},
        transport=DeadlineTransport(max_connections=100, keepalive_expiry=30),
        follow_redirects=False,
        trust_env=False,
    )


# A forked child must not write to the sockets of its parent.
os.register_at_fork(after_in_child=_http.cache_clear)
