"""Writes the API log: one row before each HTTP attempt, completed after it.

`api_logs.gate.admission` calls this in the transactions of its decisions. A process that is killed
during the call leaves its row as `started`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from api_logs.connection import CONNECTION
from api_logs.models import APIRequestLog
from core.http import redaction
from core.middleware import request_id
from core.utils.errors import CoreAPIError
from settings import current
from settings.current import CoreAPIConfig


@dataclass(slots=True)
class Tally:
    """HTTP attempts made inside one `attributed_to`."""

    calls: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call that is about to be sent to a provider."""

    endpoint: str
    target: str
    path: str
    params: Mapping[str, object]
    price: Decimal
    provider: CoreAPIConfig

    @property
    def secrets(self) -> tuple[str, ...]:
        """Strings that no column of the log may contain."""
        return (self.provider.token,)


@dataclass(slots=True)
class CallOutcome:
    """What the client has learned so far. `finish` writes it, also after an exception."""

    http_status: int | None = None
    body: bytes = b""
    provider_request_id: str = ""
    sent: bool = True

    @property
    def is_free(self) -> bool:
        """Whether the call certainly costs nothing."""
        # Providers charge for HTTP 200 only. A call that was sent and has no status may have
        # been answered with 200, so it counts as charged.
        return not self.sent or self.http_status not in {None, 200}

    @property
    def is_redirect(self) -> bool:
        return self.http_status is not None and 300 <= self.http_status < 400


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended: with a payload, with an error, or interrupted with an unknown result."""

    seconds: float
    error: CoreAPIError | None = None
    interrupted: bool = False

    @property
    def state(self) -> APIRequestLog.State:
        if self.interrupted:
            return APIRequestLog.State.UNKNOWN
        return APIRequestLog.State.FAILED if self.error else APIRequestLog.State.COMPLETED


_batch: ContextVar[str] = ContextVar("batch", default="")
_tally: ContextVar[Tally | None] = ContextVar("tally", default=None)


@contextmanager
def attributed_to(batch: str) -> Iterator[Tally]:
    """Mark every attempt made inside with the batch, and count the attempts.

    If blocks are nested, only the innermost one marks and counts. Threads started inside do not
    inherit the batch.
    """
    tally = Tally()
    batch_token, tally_token = _batch.set(batch), _tally.set(tally)
    try:
        yield tally
    finally:
        _tally.reset(tally_token)
        _batch.reset(batch_token)


def start(attempt: Attempt, *, at: datetime) -> int:
    """Write the `started` row of an attempt that is sent at that moment; return its key.

    Raises DatabaseError. The caller must not send the call then: it would be charged unseen.
    """
    row = APIRequestLog.objects.using(CONNECTION).create(
        provider=attempt.provider.name,
        endpoint=attempt.endpoint,
        target=redaction.text(attempt.target, attempt.secrets)[:200],
        path=attempt.path,
        params=redaction.params(attempt.params, attempt.secrets),
        price=attempt.price,
        started_at=at,
        request_id=request_id.get()[:100],
        batch=_batch.get(),
    )
    if tally := _tally.get():
        tally.calls += 1
    return row.pk


def finish(row: int, attempt: Attempt, outcome: CallOutcome, ending: Ending) -> None:
    """Complete the row. 1 statement, and one for the size limit of bodies."""
    facts = {"state": ending.state, **_answer(outcome, attempt)}
    if error := ending.error:
        facts["error_code"] = error.code
        # An error may quote the URL or a header, and so a token.
        facts["error"] = redaction.text(str(error), attempt.secrets)
    duration = round(ending.seconds * 1000)
    APIRequestLog.objects.using(CONNECTION).filter(pk=row).update(**facts, duration_ms=duration)


def _answer(outcome: CallOutcome, attempt: Attempt) -> dict[str, object]:
    limit = current.archiving().api_log_body_limit
    answered = outcome.http_status is not None
    return {
        "http_status": outcome.http_status,
        "response_body": redaction.excerpt(outcome.body, limit, attempt.secrets),
        "response_bytes": len(outcome.body) if answered else None,
        "provider_request_id": redaction.text(outcome.provider_request_id, attempt.secrets)[:100],
        "price": Decimal(0) if outcome.is_free else attempt.price,
    }
