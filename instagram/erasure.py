"""Removes a profile for good, and keeps profiles that must not be removed.

A hold wins over an erasure. An erasure leaves a tombstone: digests by which the profile is
recognised should it come back, and the proof of what was removed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import datetime
from typing import Any

import stamina
import structlog
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from api_logs.models import ABANDONED_AFTER, APIRequestLog
from core.db.deleting import delete_at_once
from core.db.retrying import retry_on_conflict
from core.users.models import Account
from core.utils.errors import Erased
from instagram import traces
from instagram.archiving import runs
from instagram.models import (
    ArchiveRun,
    ChangeEvent,
    LegalHold,
    Post,
    RunStream,
    Tombstone,
    User,
)
from instagram.models.erasure import digest
from storage import partial_files, store
from storage.fixity import quarantine, removal
from storage.models import StoredFile

log = structlog.get_logger(__name__)


class ErasureRefused(Exception):
    """What was asked for cannot be done to the profile; the text says why. Nothing was changed."""


class UnderLegalHold(ErasureRefused):
    """The profile must be kept until the hold is released."""


class AlreadyHeld(ErasureRefused):
    """A hold on the profile is in force."""


class NotHeld(ErasureRefused):
    """No hold on the profile is in force."""


@stamina.retry(on=IntegrityError, attempts=5)  # a row slipped in
@retry_on_conflict
def erase(user: User, *, by: Account | None, reason: str) -> Tombstone:
    """Remove the profile and everything that is its own; returns its tombstone.

    Files that another profile has too stay, and posts of others that name it as a coauthor lose the
    link. The bytes go after the commit; what a crash leaves of them goes with `finish_all`. The
    number of statements does not depend on the size of the profile. Not inside a transaction: a
    page at work must see that its run has ended. Tried again after a deadlock with such a page, or
    where one slipped in. Raises UnderLegalHold, User.DoesNotExist when it is erased already.
    """
    _refuse_held(user)
    _stop_runs(user, now=timezone.now())
    with transaction.atomic(durable=True):
        locked = User.objects.select_for_update().get(pk=user.pk)
        _refuse_held(locked)
        _lock_posts(locked)
        tombstone = _bury(locked, by, reason, now=timezone.now())
        # robust: the profile is erased even where a byte cannot be deleted yet; a sweep finishes it
        transaction.on_commit(lambda: finish(tombstone.pk, now=timezone.now()), robust=True)
    log.info("profile.erased", tombstone=tombstone.pk)
    tombstone.refresh_from_db()
    return tombstone


def survey(user: User) -> dict[str, int]:
    """How many rows of each kind an erasure would remove, and how many files it would look at."""
    counts = Counter({"files": len(traces.files(user))})
    for kind, rows in traces.rows(user):
        counts[kind] += rows.count()
    return dict(counts)


@transaction.atomic
def place_hold(user: User, *, by: Account | None, reason: str) -> LegalHold:
    """Keep the profile from being erased. Raises AlreadyHeld, or User.DoesNotExist once erased."""
    _lock(user)
    if _holds(user).exists():
        raise AlreadyHeld("A legal hold on this profile is in force already.")
    return LegalHold.objects.create(user=user, placed_by=by, reason=reason)


@transaction.atomic
def release_hold(user: User, *, by: Account | None) -> LegalHold:
    """End the hold in force; it stays on record as long as the profile. Raises NotHeld."""
    _lock(user)
    hold = _holds(user).first()
    if hold is None:
        raise NotHeld("No legal hold on this profile is in force.")
    hold.released_at, hold.released_by = timezone.now(), by
    hold.save(update_fields=["released_at", "released_by"])
    return hold


@transaction.atomic
def refuse(run: ArchiveRun, error: Erased) -> None:
    """End a run that met an erased profile under a new name, and keep nothing of the answer.

    The new name is refused from now on. Raises runs.LostLease.
    """
    runs.fail_all(run, error)
    APIRequestLog.objects.filter(batch=str(run.pk)).update(response_body="")
    tombstone = Tombstone.objects.select_for_update(no_key=True).get(id_digest=error.digest)
    name = digest(run.user.username)
    if name not in tombstone.username_digests:
        tombstone.username_digests.append(name)
        tombstone.save(update_fields=["username_digests"])


def finish_all(*, now: datetime) -> None:
    """Remove what erasures have left: after a crash, or by calls that were out at the time.

    One that cannot be finished now stops no other.
    """
    for tombstone in Tombstone.objects.unfinished().values_list("pk", flat=True):
        try:
            finish(tombstone, now=now)
        except OSError as error:
            log.exception("erasure.unfinished", tombstone=tombstone, error=type(error).__name__)


@transaction.atomic
def finish(tombstone_id: int, *, now: datetime) -> None:
    """Delete the bytes that nobody else has, and what calls have logged since.

    Nothing is left once no call can be out any more that began before the erasure. Does nothing
    while another process is at it. Raises OSError when bytes cannot be deleted.
    """
    unfinished = Tombstone.objects.unfinished().filter(pk=tombstone_id)
    tombstone = unfinished.select_for_update(skip_locked=True).first()
    if tombstone is None:
        return
    leftovers: dict[str, Any] = tombstone.leftovers or {}
    if "files" in leftovers:
        files = leftovers.pop("files")
        removal.discard(files)
        quarantine.forget({*leftovers.pop("quarantined")})
        tombstone.proof["files"] = _proof_of(files)
    partial_files.discard(store.default(), leftovers.get("assets", []))
    delete_at_once(traces.by_marks(leftovers["batches"], leftovers["targets"]))
    if now > tombstone.erased_at + ABANDONED_AFTER:
        tombstone.leftovers, tombstone.completed_at = None, now
    tombstone.save()


def _lock(user: User) -> None:
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user.pk)


def _lock_posts(user: User) -> None:
    """Wait for pages at work on the posts: those of coauthors, and of renewals, which no run ends.

    New rows cannot be committed afterwards: they would point at a profile that is gone.
    """
    list(Post.objects.filter(user=user).order_by("pk").select_for_update().values_list("pk"))


def _holds(user: User) -> QuerySet[LegalHold]:
    rows: QuerySet[LegalHold] = LegalHold.objects.in_force().filter(user=user)
    return rows


def _refuse_held(user: User) -> None:
    if _holds(user).exists():
        raise UnderLegalHold("This profile is under a legal hold; it must be released first.")


def _stop_runs(user: User, *, now: datetime) -> None:
    """End the active run, in a transaction of its own: its worker's next page loses its lease.

    A page that holds the run already is committed first; it is among what is erased.
    """
    active = ArchiveRun.objects.active().filter(user=user)
    RunStream.objects.filter(run__in=active, state=RunStream.State.PENDING).update(
        state=RunStream.State.FAILED, error_code=Erased.__name__, finished_at=now
    )
    active.update(
        state=ArchiveRun.State.FAILED, lease=None, leased_until=None, waits_for="", finished_at=now
    )


def _bury(user: User, by: Account | None, reason: str, *, now: datetime) -> Tombstone:
    """Delete the rows and leave the tombstone, with what is still to be removed."""
    leftovers = {
        "files": traces.files(user),
        "quarantined": traces.quarantined(user),
        "assets": traces.assets(user),
        **traces.late_calls(user, now=now),
    }
    holds = LegalHold.objects.filter(user=user).order_by("placed_at")
    times = [[*map(str, each)] for each in holds.values_list("placed_at", "released_at")]
    removed = _remove(user)
    ChangeEvent.objects.create(
        kind=ChangeEvent.Kind.USER,
        object_id=str(user.pk),
        event=ChangeEvent.Event.ERASED,
        seen_at=now,
    )
    return Tombstone.objects.create(
        id_digest=digest(user.instagram_id) if user.instagram_id else None,
        username_digests=[digest(user.username)] if user.username else [],
        erased_at=now,
        erased_by=by,
        reason=reason,
        proof={"holds": times, "removed": removed},
        leftovers=leftovers,
    )


def _remove(user: User) -> dict[str, int]:
    """Delete every row; returns how many of each kind."""
    removed: Counter[str] = Counter()
    for kind, rows in traces.rows(user):
        removed[kind] += delete_at_once(rows)
    return dict(removed)


def _proof_of(files: dict[str, int]) -> dict[str, Any]:
    """How many of the files are gone and how many stay with others, and a digest of the first."""
    shared = {*StoredFile.objects.filter(sha256__in=files).values_list("sha256", flat=True)}
    gone = sorted({*files} - shared)
    return {
        "deleted": len(gone),
        "bytes_deleted": sum(files[name] for name in gone),
        "shared": len(shared),
        "bytes_shared": sum(files[name] for name in shared),
        "digest": hashlib.sha256("\n".join(gone).encode()).hexdigest(),
    }
