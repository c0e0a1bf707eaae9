"""The place that a run has reached: who works on it, which page comes next, how it ended."""

from __future__ import annotations

import hashlib
import random
import threading
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, connection, transaction
from django.db.models import Case, F, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from api_logs.models import APIRequestLog
from core.db.retrying import retry_on_conflict
from core.utils.errors import (
    CoreAPIError,
    ItemsUnreadable,
    NotAllowedNow,
    Transient,
    UnexpectedPayload,
)
from instagram.archiving import rejections, schedule
from instagram.archiving.persist import Outcome
from instagram.models import ArchiveRun, RunStream, StreamPage, User
from instagram.models.runs import LEASE

log = structlog.get_logger(__name__)

FIRST_PAUSE = timedelta(seconds=5)
MAX_PAUSE = timedelta(minutes=15)
MAX_ATTEMPTS = 12  # without a page in between: the pauses add up to more than an hour
ENDING = ("state", "error_code", "error", "finished_at")  # counts may be of a page rolled back
MAX_EMPTY_PAGES = 5  # in a row, each with a cursor to one more


class LostLease(Exception):
    """Another worker has taken the run over; whoever raises this stops without a trace."""


class LeftToOthers(Exception):
    """What is left of the run is for other workers; whoever catches this passes it on."""


def claim(run_id: uuid.UUID, *, now: datetime) -> ArchiveRun | None:
    """Take a due run; None where it has ended, pauses, or another worker is at it.

    A lease that ran out is an attempt too: its worker died, perhaps of this very run.
    """
    died = Case(When(leased_until=None, then=0), default=1)
    claimed = (
        ArchiveRun.objects.due(now)
        .filter(pk=run_id)
        .update(
            state=ArchiveRun.State.RUNNING,
            attempts=F("attempts") + died,
            lease=uuid.uuid4(),
            leased_until=now + LEASE,
            started_at=Coalesce(F("started_at"), now),
        )
    )
    if not claimed:
        return None
    return ArchiveRun.objects.select_related("user").get(pk=run_id)


@contextmanager
def lease_renewed(run: ArchiveRun) -> Iterator[None]:
    """Renew the lease from a thread, so that only a dead worker loses it: within 45 seconds."""
    done = threading.Event()
    renewer = threading.Thread(target=_renew, args=(run, done), daemon=True)
    renewer.start()
    try:
        yield
    finally:
        done.set()
        renewer.join()


def _renew(run: ArchiveRun, done: threading.Event) -> None:
    while not done.wait(LEASE.total_seconds() / 3):
        with suppress(DatabaseError):  # a moment without PostgreSQL: there are two more tries
            held = ArchiveRun.objects.filter(pk=run.pk, lease=run.lease)
            held.update(leased_until=timezone.now() + LEASE)
        connection.close()


def release(run: ArchiveRun) -> None:
    """Give the run back before its end, so that any worker can go on with it at once."""
    ArchiveRun.objects.filter(pk=run.pk, lease=run.lease).update(leased_until=None, lease=None)


def next_stream(run: ArchiveRun, *, leaving: Collection[str] = ()) -> RunStream | None:
    """The first stream that has not ended; streams may be added while the run goes on.

    Stories come before all others, because they die first: what holds up the rest (a cap, a part of
    the provider that is out) is none of their business. They need the profile's id, and a look at
    it whether it is private still. Raises LeftToOthers when only a stream in
    `leaving` is left.
    """
    pending = run.streams.filter(state=RunStream.State.PENDING)
    if run.user.instagram_id is not None and not run.user.is_private:
        first = Case(When(name=RunStream.Name.STORIES, then=0), default=1)
        pending = pending.order_by(first, "position")
    following: RunStream | None = pending.first()
    if following is not None and following.name in leaving:
        raise LeftToOthers
    return following


def advance(
    run: ArchiveRun,
    stream: RunStream,
    outcome: Outcome,
    *,
    next_cursor: str | None = None,
    rejected: Sequence[UnexpectedPayload] = (),
    shown: Sequence[str] = (),
) -> None:
    """Move past a stored page, in the transaction that stores it. Raises LostLease.

    `shown` are the ids of the page's items, kept until the run ends and absence can be judged.

    The stream ends when there is no next cursor; it fails when the provider leads it in a circle
    or into one empty page after another, because then not everything was seen.
    """
    _hold(run, attempts=0, waits_for="", user=run.user)
    stream.pages += 1
    stream.seen += outcome.seen
    stream.new += outcome.new
    stream.changed += outcome.changed
    stream.rejected += outcome.rejected + len(rejected)
    rejections.keep(run, stream, rejected)
    if shown:
        StreamPage.objects.create(stream=stream, ids=list(shown))
    if next_cursor is None and stream.rejected:
        error = ItemsUnreadable(f"{stream.rejected} items could not be read")
        _set_end(stream, RunStream.State.FAILED, error)
    elif next_cursor is None:
        _set_end(stream, RunStream.State.SUCCEEDED)
    else:
        _turn_page(stream, next_cursor, is_empty=not outcome.seen and not rejected)
    stream.save()


def _hold(run: ArchiveRun, **changes: object) -> None:
    """Lock the run until the transaction ends, so that nobody takes it over in between."""
    held = ArchiveRun.objects.filter(pk=run.pk, lease=run.lease)
    if not held.update(**{"lease": run.lease, **changes}):
        raise LostLease


def _turn_page(stream: RunStream, next_cursor: str, *, is_empty: bool) -> None:
    digest = hashlib.sha256(next_cursor.encode()).hexdigest()[:12]
    stream.empty_pages = stream.empty_pages + 1 if is_empty else 0
    if digest in stream.visited:
        text = f"the cursor of page {stream.pages + 1} repeats"
        _set_end(stream, RunStream.State.FAILED, UnexpectedPayload(text))
    elif stream.empty_pages >= MAX_EMPTY_PAGES:
        text = f"{stream.empty_pages} empty pages in a row"
        _set_end(stream, RunStream.State.FAILED, UnexpectedPayload(text))
    else:
        stream.cursor = next_cursor
        stream.visited.append(digest)


def _set_end(stream: RunStream, state: RunStream.State, error: CoreAPIError | None = None) -> None:
    stream.state = state
    stream.finished_at = timezone.now()
    if error is not None:
        stream.error_code, stream.error = error.code, str(error)


@retry_on_conflict
@transaction.atomic
def end(
    run: ArchiveRun,
    stream: RunStream,
    error: CoreAPIError,
    *,
    state: RunStream.State = RunStream.State.FAILED,
) -> None:
    """End the stream because of an error; what was stored stays. Raises LostLease."""
    _hold(run)
    _set_end(stream, state, error)
    stream.save(update_fields=ENDING)
    schedule.note_failed_poll(run.user, stream.name, now=timezone.now())
    if state == RunStream.State.FAILED:
        log.warning("stream.failed", stream=stream.name, error_code=error.code, error=str(error))


@retry_on_conflict
@transaction.atomic
def fail_all(run: ArchiveRun, error: CoreAPIError) -> None:
    """End every stream that is left with the same error: no further call can succeed.

    Raises LostLease.
    """
    _hold(run)
    for stream in run.streams.filter(state=RunStream.State.PENDING):
        end(run, stream, error)


def pause(run: ArchiveRun, error: Transient) -> bool:
    """Put the run off, as long as the provider asks or longer each time; False: tried enough.

    Raises LostLease.
    """
    held = ArchiveRun.objects.filter(pk=run.pk, lease=run.lease)
    attempts = held.values_list("attempts", flat=True).first()
    if attempts is None:
        raise LostLease
    if attempts >= MAX_ATTEMPTS:
        return False
    growing = min(FIRST_PAUSE * 2**attempts, MAX_PAUSE) * random.uniform(0.75, 1.25)  # noqa: S311  jitter
    asked = min(timedelta(seconds=error.retry_after or 0), MAX_PAUSE * 4)
    held.update(
        attempts=F("attempts") + 1,
        next_attempt_at=timezone.now() + max(growing, asked),
        waits_for=error.code,
        leased_until=None,
        lease=None,
    )
    log.info("run.paused", run=str(run.pk), attempts=attempts + 1, error=str(error))
    return True


def postpone(run: ArchiveRun, error: NotAllowedNow) -> None:
    """Put the run off because of a decision of ours (a cap, a stop), for as long as that lasts.

    No attempt is counted: nothing went wrong. Looked at again within 15 minutes, because staff may
    change their mind. Raises LostLease.
    """
    _hold(
        run,
        next_attempt_at=timezone.now() + min(timedelta(seconds=error.retry_after), MAX_PAUSE),
        waits_for=error.code,
        leased_until=None,
        lease=None,
    )
    log.info("run.postponed", run=str(run.pk), error_code=error.code)


@retry_on_conflict
@transaction.atomic
def finish(run: ArchiveRun) -> bool:
    """End the run with the state of its streams; False where a stream was added meanwhile.

    Raises LostLease.
    """
    # The lock of actions.request_archive; without a row the profile was erased meanwhile.
    if not User.objects.select_for_update(no_key=True).only("pk").filter(pk=run.user_id):
        raise LostLease
    states = set(run.streams.values_list("state", flat=True))
    if RunStream.State.PENDING in states:
        return False
    failed = RunStream.State.FAILED in states
    _hold(run)
    StreamPage.objects.filter(stream__run=run).delete()
    ArchiveRun.objects.filter(pk=run.pk).update(
        state=ArchiveRun.State.FAILED if failed else ArchiveRun.State.SUCCEEDED,
        calls=APIRequestLog.objects.calls_by_batch([str(run.pk)]).get(str(run.pk), 0),
        waits_for="",
        finished_at=timezone.now(),
        leased_until=None,
        lease=None,
    )
    return True
