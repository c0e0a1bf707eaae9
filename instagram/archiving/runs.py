"""The state of a run: its lease, its next page, its pauses and its end."""

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
    Erased,
    ItemsUnreadable,
    NotAllowedNow,
    Transient,
    UnexpectedPayload,
)
from instagram.archiving import rejections, schedule
from instagram.archiving.persist import Outcome
from instagram.models import ArchiveRun, RunStream, StreamPage, Tombstone, User
from instagram.models import runs as run_limits
from instagram.models.erasure import digest
from instagram.models.runs import LEASE

log = structlog.get_logger(__name__)

BASE_BACKOFF = timedelta(seconds=5)
MAX_BACKOFF = timedelta(minutes=15)
MAX_ATTEMPTS = 12  # without a page in between: the pauses add up to more than an hour
# Without the counts: those in memory may come from a page that was rolled back.
ENDING = ("state", "error_code", "error", "finished_at")
MAX_EMPTY_PAGES = 5  # in a row, each with a cursor to another page


class LostLease(Exception):
    """Another worker has taken the run over. The present worker must stop without a write."""


class LeftToOthers(Exception):
    """The remaining streams are for other workers. The caller passes the run on to them."""


def claim(run_id: uuid.UUID, *, now: datetime) -> ArchiveRun | None:
    """Take the lease of a due run; None if it has ended, pauses, or is leased already."""
    # A lease that ran out counts as an attempt: its worker died, perhaps because of this run.
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
    """Renew the lease from a thread, so that only a dead worker loses it."""
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
        # PostgreSQL may be away for a moment: two more tries follow before the lease ends.
        with suppress(DatabaseError):
            held = ArchiveRun.objects.filter(pk=run.pk, lease=run.lease)
            held.update(leased_until=timezone.now() + LEASE)
        # A thread has its own connection, which would stay idle for a third of the lease.
        connection.close()


def release(run: ArchiveRun) -> None:
    """Give up the lease, so that another worker can continue the run at once."""
    ArchiveRun.objects.filter(pk=run.pk, lease=run.lease).update(leased_until=None, lease=None)


def next_stream(run: ArchiveRun, *, leaving: Collection[str] = ()) -> RunStream | None:
    """The first stream that has not ended; streams may be added to an active run.

    Raises LeftToOthers if that stream is in `leaving`.
    """
    pending = run.streams.filter(state=RunStream.State.PENDING)
    # Stories expire first, so no stream that fails or waits may hold them up. The profile stream
    # runs before them only if the id is unknown, or if the profile was private when last seen.
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
    """Move past a page, in the transaction that stores it. Raises LostLease.

    `shown` are the ids of the page's items, kept until absence is judged at the end of the list.

    The stream ends if there is no next cursor. It fails if a cursor repeats or if several pages in
    a row are empty, because then a part of the list was not seen.
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
    """Lock the run until the transaction ends. Raises LostLease."""
    held = ArchiveRun.objects.filter(pk=run.pk, lease=run.lease)
    # An UPDATE even without changes: its row lock keeps other workers from taking the lease.
    if not held.update(**{"lease": run.lease, **changes}):
        raise LostLease


def _turn_page(stream: RunStream, next_cursor: str, *, is_empty: bool) -> None:
    # Cursors can be long, and a stream keeps one digest for each of its pages.
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
    """End the stream because of an error; its stored pages stay. Raises LostLease."""
    _hold(run)
    _set_end(stream, state, error)
    stream.save(update_fields=ENDING)
    schedule.note_failed_poll(run.user, stream.name, now=timezone.now())
    if state == RunStream.State.FAILED:
        log.warning("stream.failed", stream=stream.name, error_code=error.code, error=str(error))


@retry_on_conflict
@transaction.atomic
def fail_all(run: ArchiveRun, error: CoreAPIError) -> None:
    """End every pending stream with the same error. Raises LostLease."""
    _hold(run)
    for stream in run.streams.filter(state=RunStream.State.PENDING):
        end(run, stream, error)


@transaction.atomic
def refuse_erased(run: ArchiveRun, error: Erased) -> None:
    """End a run that found an erased profile under a new name, and store nothing of the answer.

    The new name is blocked from now on. Raises LostLease.
    """
    fail_all(run, error)
    # The logged answers are about the erased profile.
    APIRequestLog.objects.filter(batch=str(run.pk)).update(response_body="")
    tombstone = Tombstone.objects.select_for_update(no_key=True).get(id_digest=error.digest)
    name = digest(run.user.username)
    if name not in tombstone.username_digests:
        tombstone.username_digests.append(name)
        tombstone.save(update_fields=["username_digests"])


def pause(run: ArchiveRun, error: Transient) -> bool:
    """Put the run off with a growing backoff, at least for the provider's `retry_after`.

    Returns False after MAX_ATTEMPTS. Raises LostLease.
    """
    held = ArchiveRun.objects.filter(pk=run.pk, lease=run.lease)
    attempts = held.values_list("attempts", flat=True).first()
    if attempts is None:
        raise LostLease
    if attempts >= MAX_ATTEMPTS:
        return False
    # Jitter, so that runs that failed together do not come back together.
    jitter = random.uniform(0.75, 1.25)  # noqa: S311  no secret
    backoff = min(BASE_BACKOFF * 2**attempts, MAX_BACKOFF) * jitter
    # Bounded, because a provider's mistake must not put the run off for days.
    retry_after = min(timedelta(seconds=error.retry_after or 0), run_limits.MAX_PAUSE)
    held.update(
        attempts=F("attempts") + 1,
        next_attempt_at=timezone.now() + max(backoff, retry_after),
        waits_for=error.code,
        leased_until=None,
        lease=None,
    )
    log.info("run.paused", attempts=attempts + 1, error=str(error))
    return True


def postpone(run: ArchiveRun, error: NotAllowedNow) -> None:
    """Put the run off until a cap or a stop may have ended. Raises LostLease.

    No attempt is counted, because nothing failed.
    """
    # At most 15 minutes at once, because staff may lift the cap or the stop at any time.
    pause = min(timedelta(seconds=error.retry_after), MAX_BACKOFF)
    _hold(
        run,
        next_attempt_at=timezone.now() + pause,
        waits_for=error.code,
        leased_until=None,
        lease=None,
    )
    log.info("run.postponed", error_code=error.code)


@retry_on_conflict
@transaction.atomic
def finish(run: ArchiveRun) -> bool:
    """End the run with the state of its streams; False if a stream is still pending.

    Raises LostLease.
    """
    # The lock of actions.request_archive, so that no stream is added between the look at the
    # streams and the end of the run. Without a row the profile was erased in the meantime.
    if not User.objects.select_for_update(no_key=True).only("pk").filter(pk=run.user_id):
        raise LostLease
    states = set(run.streams.values_list("state", flat=True))
    if RunStream.State.PENDING in states:
        return False
    failed = RunStream.State.FAILED in states
    _hold(run)
    # Absence has been judged, and the ids of a large profile are many.
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
