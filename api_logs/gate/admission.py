"""The door before the Core API: may this call go out, and when?

    decide ──▶ sleep until the slot ──▶ the call ──▶ conclude
      │ one transaction                               one transaction
      └ kill switch, alarms, breaker, slot, budget,   └ row completed, refund, breaker, alarm
        row `started`

PostgreSQL decides for all workers on all machines (their clocks must agree), and nobody sleeps
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
from api_logs.recording import Attempt, Ending, Outcome
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

# How far ahead a slot may be reserved. Whoever is not urgent asks again instead of queueing, so an
# urgent call finds at most half a second of others before it.
AHEAD = timedelta(milliseconds=500)
AHEAD_IF_URGENT = timedelta(seconds=2)
# A slot further away than this is waited for by the run's row instead of a worker.
MAX_PAUSE = timedelta(seconds=5)
# How long a worker asks again while others take every slot, and how long it then leaves the rest
# to them.
PATIENCE = 30.0
STAND_BACK = 60.0
# A path, a rule or a shape that one endpoint has changed neither closes the breaker nor opens it,
# which would stop the other endpoints, too.
OF_THE_ENDPOINT = (BadRequest, UnexpectedPayload)
# After a 429 without a `Retry-After`; and until the kill switch is looked at again.
SHORT_PAUSE = 1.0
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
    """No slot is near enough: ask again after so long."""

    wait: timedelta


@contextmanager
def admitted(attempt: Attempt) -> Iterator[Outcome]:
    """Wait for the slot, hand out the outcome to fill in during the call, then conclude.

    Raises what refuses the call, before anything is sent and without a row in the log:
    CallsStopped, BudgetExhausted, NoFreeSlot, Forbidden and Transient, all but Forbidden with
    `retry_after`. Raises DatabaseError, and the call must not happen, where no row can be written.
    """
    admission = _admission(attempt)
    outcome = Outcome()
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
    """Ask until there is a slot, and sleep until it comes."""
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
    """One transaction. An error is returned, not raised: what came of it must be committed."""
    if limits.calls_stopped:
        text = "Staff has stopped all calls: in the admin under Settings, Core API."
        return CallsStopped(text, retry_after=LOOK_AGAIN_AFTER)
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
    """A clock that was a day ahead costs the call that it was asked for, not a day."""
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


def _conclude(attempt: Attempt, admission: Admission, outcome: Outcome, ending: Ending) -> None:
    """One transaction: complete the row, and draw the conclusions for the calls to come."""
    now = timezone.now()
    with short_transaction():
        recording.finish(admission.row, attempt, outcome, ending)
        _learn(attempt, admission, outcome, ending, now)
        if ending.error:
            alarms.tell(ending.error, attempt.provider, attempt.endpoint, now=now)
        if outcome.is_free:
            budget.refund(attempt.price, admission.day)


def _learn(
    attempt: Attempt, admission: Admission, outcome: Outcome, ending: Ending, now: datetime
) -> None:
    """What the end says of the provider. An interrupted call says nothing."""
    error, provider = ending.error, attempt.provider
    if _is_no_answer(error, outcome):
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


def _is_no_answer(error: CoreAPIError | None, outcome: Outcome) -> bool:
    """Whether nobody answered, or somebody else: no Core API sends its clients elsewhere."""
    return outcome.is_redirect or (
        isinstance(error, Transient) and not isinstance(error, RateLimited)
    )


def _locked(provider: str) -> ProviderState:
    """The provider's row, until the transaction ends. 1 statement; 3 for a new provider."""
    states = ProviderState.objects.using(CONNECTION).select_for_update(no_key=True)
    rows = states.filter(provider=provider)
    if (state := rows.first()) is not None:
        return state
    new = ProviderState(provider=provider, next_slot_at=timezone.now())
    ProviderState.objects.using(CONNECTION).bulk_create([new], ignore_conflicts=True)
    return rows.get()
