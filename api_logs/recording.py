"""Writes the API log: one row before each HTTP attempt, completed after it.

The rows go over a connection of their own, so a rollback around the call takes none of them away.
A process that is killed in the middle leaves its row as `started`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal

from api_logs import redaction
from api_logs.models import APIRequestLog
from core.errors import CoreAPIError
from core.middleware import request_id
from settings import current

CONNECTION = "api_log"


@dataclass(slots=True)
class Tally:
    """HTTP attempts made inside one `attributed_to`."""

    calls: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is about to be sent. The secrets are what no column may contain."""

    endpoint: str
    target: str
    path: str
    params: Mapping[str, object]
    price: Decimal
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(slots=True)
class Outcome:
    """What the client learns on the way; whatever it has when the call ends is written."""

    http_status: int | None = None
    body: bytes = b""
    provider_request_id: str = ""
    sent: bool = True

    @property
    def is_free(self) -> bool:
        """Whether it surely costs nothing: only HTTP 200 is charged, and only what was sent."""
        return not self.sent or self.http_status not in {None, 200}


_batch: ContextVar[str] = ContextVar("batch", default="")
_tally: ContextVar[Tally | None] = ContextVar("tally", default=None)


@contextmanager
def attributed_to(batch: str) -> Iterator[Tally]:
    """Mark every attempt made inside with the batch, and count them.

    Of nested ones the innermost marks and counts. Threads started inside begin without one.
    """
    tally = Tally()
    batch_token, tally_token = _batch.set(batch), _tally.set(tally)
    try:
        yield tally
    finally:
        _tally.reset(tally_token)
        _batch.reset(batch_token)


@contextmanager
def recorded(attempt: Attempt) -> Iterator[Outcome]:
    """Write the `started` row, hand out the outcome to fill in, then complete the row.

    Raises DatabaseError, and the call must not happen, when the first row cannot be written.
    A CoreAPIError makes the row `failed`; any other way out leaves the end `unknown`.
    """
    limit = current.archiving().api_log_body_limit
    row = _start(attempt)
    outcome = Outcome()
    began = time.monotonic()
    facts: dict[str, object] = {"state": APIRequestLog.State.UNKNOWN}
    try:
        yield outcome
        facts = {"state": APIRequestLog.State.COMPLETED}
    except CoreAPIError as error:
        facts = _failure(error, attempt)
        raise
    finally:
        facts |= _answer(outcome, attempt, limit)
        _finish(row, facts, duration=time.monotonic() - began)


def _start(attempt: Attempt) -> int:
    row = APIRequestLog.objects.using(CONNECTION).create(
        endpoint=attempt.endpoint,
        target=redaction.text(attempt.target, attempt.secrets)[:200],
        path=attempt.path,
        params=redaction.params(attempt.params, attempt.secrets),
        price=attempt.price,
        request_id=request_id.get()[:100],
        batch=_batch.get(),
    )
    if tally := _tally.get():
        tally.calls += 1
    return row.pk


def _failure(error: CoreAPIError, attempt: Attempt) -> dict[str, object]:
    return {
        "state": APIRequestLog.State.FAILED,
        "error_code": error.code,
        "error": redaction.text(str(error), attempt.secrets),
    }


def _answer(outcome: Outcome, attempt: Attempt, limit: int) -> dict[str, object]:
    answered = outcome.http_status is not None
    return {
        "http_status": outcome.http_status,
        "response_body": redaction.excerpt(outcome.body, limit, attempt.secrets),
        "response_bytes": len(outcome.body) if answered else None,
        "provider_request_id": redaction.text(outcome.provider_request_id, attempt.secrets)[:100],
        "price": Decimal(0) if outcome.is_free else attempt.price,
    }


def _finish(row: int, facts: dict[str, object], *, duration: float) -> None:
    APIRequestLog.objects.using(CONNECTION).filter(pk=row).update(
        **facts, duration_ms=round(duration * 1000)
    )
