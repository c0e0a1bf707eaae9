"""The gate before the Core API: may this call go out, and when?

    decide ──▶ sleep until the slot ──▶ the call ──▶ conclude
      │ one transaction                               one transaction
      └ kill switch, alarms, breaker, slot, budget,   └ row completed, refund, breaker, alarm
        row `started`

PostgreSQL decides for all workers on all machines, whose clocks must agree. No worker sleeps
inside a transaction. A killed call keeps its price and its `started` row: it may be charged.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone

from api_logs import recording
from api_logs.connection import CONNECTION, short_transaction
from api_logs.gate import alarms, budget, urgency
from api_logs.models import ProviderState
from api_logs.recording import Attempt, CallOutcome, Ending
from core.clocks import TOLERANCE
from core.utils.errors import (
    BadRequest,
    CallsStopped,
    CoreAPIError,
    NoFreeSlot,
    RateLimited,
    Transient,
    UnexpectedPayload,
)
from settings import current
from settings.current import CallLimits

# How far ahead a slot may be reserved. A call that is not urgent asks again instead of queueing, so
# at most half a second of other calls goes out before an urgent one.
AHEAD = timedelta(milliseconds=500)
AHEAD_IF_URGENT = timedelta(seconds=2)
# If the slot is further away, the run is put off in its row, and the worker is free.
MAX_PAUSE = timedelta(seconds=5)
# Seconds for which a worker keeps asking while other workers take every slot. After that it leaves
# the slots to them for STAND_BACK seconds.
PATIENCE = 30.0
STAND_BACK = 60.0
# One endpoint may change its path, its rules or its shape. Such an error neither opens the breaker,
# which would stop the other endpoints as well, nor closes it.
OF_THE_ENDPOINT = (BadRequest, UnexpectedPayload)
# Seconds after a 429 without a `Retry-After`.
SHORT_PAUSE = 1.0
# Seconds until a stopped call looks at the kill switch again.
LOOK_AGAIN_AFTER = 60.0


@dataclass(frozen=True, slots=True)
class Admission:
    """The slot of a call: when it goes out, its row in the log, and the day that pays for it."""

    slot: datetime
    row: int
    day: date
    is_probe: bool


@dataclass(frozen=True, slots=True)
class NotYet:
    """No slot is near enough. The caller asks again after `wait`."""

    wait: timedelta


@contextmanager
def admitted(attempt: Attempt) -> Iterator[CallOutcome]:
    """Wait for the slot, yield the outcome to fill in during the call, then conclude.

    A refused call raises before anything is sent, and leaves no row in the log: CallsStopped,
    BudgetExhausted, NoFreeSlot or Transient with `retry_after`, or Forbidden. Raises DatabaseError
    if the row cannot be written; the call is not sent then.
    """
    admission = _admission(attempt)
    outcome = CallOutcome()
    began = time.monotonic()
    error, interrupted = None, True
    try:
        yield outcome
        interrupted = False
    except CoreAPIError as caught:
        error, interrupted = caught, False
        raise
    finally:
        ending = Ending(time.monotonic() - began, error, interrupted=interrupted)
        _conclude(attempt, admission, outcome, ending)


def _admission(attempt: Attempt) -> Admission:
    """Ask until a slot is free, and sleep until its time."""
    deadline = time.monotonic() + PATIENCE
    while isinstance(answer := _decide(attempt, current.call_limits()), NotYet):
        wait = answer.wait.total_seconds()
        if answer.wait > MAX_PAUSE:
            raise NoFreeSlot(f"{attempt.provider.name}: no slot for now", retry_after=wait)
        if time.monotonic() + wait > deadline:
            raise NoFreeSlot(f"{attempt.provider.name}: too many wait", retry_after=STAND_BACK)
        time.sleep(wait)
    if isinstance(answer, CoreAPIError):
        raise answer
    time.sleep(max(0.0, (answer.slot - timezone.now()).total_seconds()))
    return answer


def _decide(attempt: Attempt, limits: CallLimits) -> Admission | NotYet | CoreAPIError:
    """Decide in one transaction."""
    if limits.calls_stopped:
        text = "Staff has stopped all calls: in the admin under Settings, Core API."
        return CallsStopped(text, retry_after=LOOK_AGAIN_AFTER)
    # Refusals are returned, because raising them would roll back the alarms that came with them.
    with short_transaction():
        state = _locked(attempt.provider.name)
        now = timezone.now()
        _set_right(state, attempt.provider.requests_per_second, now)
        if stopped := alarms.stop(attempt.provider, attempt.endpoint, now=now):
            return stopped
        if broken := state.break_left(now):
            text = f"{state.provider}: no answer several times in a row; asked again later"
            return Transient(text, retry_after=broken.total_seconds())
        return _slot(attempt, state, limits, now)


def _set_right(state: ProviderState, rate: float, now: datetime) -> None:
    """Correct times that a wrong clock has stored, so that they do not stop all calls for days."""
    excess = state.set_right(now, rate=rate)
    if excess:
        state.save(using=CONNECTION)
    if excess > TOLERANCE:
        alarms.clock_ahead(state.provider, excess, now=now)


def _slot(
    attempt: Attempt, state: ProviderState, limits: CallLimits, now: datetime
) -> Admission | NotYet | CoreAPIError:
    rate, is_urgent = attempt.provider.requests_per_second, urgency.is_urgent()
    slot = state.slot(now, rate=rate)
    if slot - now > (AHEAD_IF_URGENT if is_urgent else AHEAD):
        return NotYet(slot - now)
    if refusal := budget.reserve(attempt.price, limits, is_urgent=is_urgent, now=now):
        return refusal
    is_probe = state.take(slot, rate=rate)
    state.save(using=CONNECTION)
    row = recording.start(attempt, at=slot)
    return Admission(slot, row, now.astimezone(UTC).date(), is_probe)


def _conclude(attempt: Attempt, admission: Admission, outcome: CallOutcome, ending: Ending) -> None:
    """Complete the row and update breaker, alarms and budget, in one transaction."""
    now = timezone.now()
    with short_transaction():
        recording.finish(admission.row, attempt, outcome, ending)
        _learn(attempt, admission, outcome, ending, now)
        if ending.error:
            alarms.tell(ending.error, attempt.provider, attempt.endpoint, now=now)
        if outcome.is_free:
            budget.refund(attempt.price, admission.day)


def _learn(
    attempt: Attempt, admission: Admission, outcome: CallOutcome, ending: Ending, now: datetime
) -> None:
    """Update the provider's state. An interrupted call says nothing about the provider."""
    error, provider = ending.error, attempt.provider
    unanswered = isinstance(error, Transient) and not isinstance(error, RateLimited)
    # A Core API redirects no client. A redirect comes from a proxy or a parked domain.
    if unanswered or outcome.is_redirect:
        state = _locked(provider.name)
        state.fail(now, was_probe=admission.is_probe)
        state.save(using=CONNECTION)
    elif not ending.interrupted and not isinstance(error, OF_THE_ENDPOINT):
        ProviderState.objects.using(CONNECTION).answered(provider.name)
    if isinstance(error, RateLimited):
        seconds = SHORT_PAUSE if error.retry_after is None else error.retry_after
        state = _locked(provider.name)
        state.pause(now + timedelta(seconds=seconds), rate=provider.requests_per_second)
        state.save(using=CONNECTION)


def _locked(provider: str) -> ProviderState:
    """Lock the provider's row until the transaction ends. 1 statement; 3 for a new provider."""
    states = ProviderState.objects.using(CONNECTION).select_for_update(no_key=True)
    rows = states.filter(provider=provider)
    if (state := rows.first()) is not None:
        return state
    new = ProviderState(provider=provider, next_slot_at=timezone.now())
    ProviderState.objects.using(CONNECTION).bulk_create([new], ignore_conflicts=True)
    return rows.get()
