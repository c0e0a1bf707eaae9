"""Erases profiles, and protects profiles under a legal hold from erasure.

An erasure leaves a tombstone: the digests by which a returning profile is recognised, and the proof
of what was removed.
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

from api_logs.models import ABANDONED_AFTER
from core.db.deleting import delete_at_once
from core.db.retrying import retry_on_conflict
from core.users.models import Account
from core.utils.errors import Erased
from instagram import traces
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
security = structlog.get_logger("security")


class ErasureRefused(Exception):
    """The request cannot be fulfilled. The message gives the reason; the profile is unchanged."""


class UnderLegalHold(ErasureRefused):
    """The profile must be kept until the hold is released."""


class AlreadyHeld(ErasureRefused):
    """The profile is already under a legal hold."""


class NotHeld(ErasureRefused):
    """The profile is not under a legal hold."""


@stamina.retry(on=IntegrityError, attempts=5)  # a concurrent page inserted a row
@retry_on_conflict
def erase(user: User, *, by: Account | None, reason: str) -> Tombstone:
    """Erase the profile and everything that belongs only to it; returns its tombstone.

    Files shared with other profiles are kept, and posts of others that name it as a coauthor lose
    the link. Bytes are deleted after the commit; if the process crashes, `finish_all` deletes the
    rest. The number of statements is independent of the profile's size.

    Must not run inside a transaction. Raises UnderLegalHold, or User.DoesNotExist if the profile
    was erased already.
    """
    # The end of the run is committed first, so that a concurrent page sees it and stores nothing.
    _refuse_held(user)
    _stop_runs(user, now=timezone.now())
    with transaction.atomic(durable=True):
        locked = User.objects.select_for_update().get(pk=user.pk)
        # A hold may have been placed before the lock was granted.
        _refuse_held(locked)
        # Pages of coauthors and URL renewals outside of runs may be writing the posts. Rows that
        # they add later cannot be committed, because they would refer to a deleted profile.
        posts = Post.objects.filter(user=locked).order_by("pk")
        list(posts.select_for_update().values_list("pk"))
        tombstone = _bury(locked, by, reason, now=timezone.now())
        # The profile is erased even if a file cannot be deleted yet; a sweep finishes it.
        transaction.on_commit(lambda: finish(tombstone.pk, now=timezone.now()), robust=True)
    security.warning("profile.erased", tombstone=tombstone.pk, by=by and by.pk)
    tombstone.refresh_from_db()
    return tombstone


def survey(user: User) -> dict[str, int]:
    """The number of rows of each kind that an erasure would remove, and of files it would check."""
    counts = Counter({"files": len(traces.files(user))})
    for kind, rows in traces.rows(user):
        counts[kind] += rows.count()
    return dict(counts)


@transaction.atomic
def place_hold(user: User, *, by: Account | None, reason: str) -> LegalHold:
    """Protect the profile from erasure. Raises AlreadyHeld, or User.DoesNotExist once erased."""
    _lock(user)
    if _holds(user).exists():
        raise AlreadyHeld("A legal hold on this profile is in force already.")
    hold = LegalHold.objects.create(user=user, placed_by=by, reason=reason)
    security.info("hold.placed", hold=hold.pk, by=by and by.pk)
    return hold


@transaction.atomic
def release_hold(user: User, *, by: Account | None) -> LegalHold:
    """Release the hold, whose row is kept as long as the profile. Raises NotHeld."""
    _lock(user)
    hold = _holds(user).first()
    if hold is None:
        raise NotHeld("No legal hold on this profile is in force.")
    hold.released_at, hold.released_by = timezone.now(), by
    hold.save(update_fields=["released_at", "released_by"])
    security.info("hold.released", hold=hold.pk, by=by and by.pk)
    return hold


def finish_all(*, now: datetime) -> None:
    """Finish erasures that a crash or a concurrent call left incomplete.

    A failing erasure does not stop the others.
    """
    for tombstone in Tombstone.objects.unfinished().values_list("pk", flat=True):
        try:
            finish(tombstone, now=now)
        except OSError as error:
            log.exception("erasure.unfinished", tombstone=tombstone, error=type(error).__name__)


@transaction.atomic
def finish(tombstone_id: int, *, now: datetime) -> None:
    """Delete bytes that no other profile uses, and calls that were logged after the erasure.

    The erasure is finished once no call that started before it can still be running. Does nothing
    while another process works on it. Raises OSError if bytes cannot be deleted.
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
    # Calls are logged when they end, which may be after the erasure.
    delete_at_once(traces.by_marks(leftovers["batches"], leftovers["targets"]))
    if now > tombstone.erased_at + ABANDONED_AFTER:
        tombstone.leftovers, tombstone.completed_at = None, now
    tombstone.save()


def _lock(user: User) -> None:
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user.pk)


def _holds(user: User) -> QuerySet[LegalHold]:
    rows: QuerySet[LegalHold] = LegalHold.objects.in_force().filter(user=user)
    return rows


def _refuse_held(user: User) -> None:
    if _holds(user).exists():
        raise UnderLegalHold("This profile is under a legal hold; it must be released first.")


def _stop_runs(user: User, *, now: datetime) -> None:
    """End the active run, so that the next page of its worker loses the lease."""
    # A page that holds the run's row is committed first, and then erased with the rest.
    active = ArchiveRun.objects.active().filter(user=user)
    RunStream.objects.filter(run__in=active, state=RunStream.State.PENDING).update(
        state=RunStream.State.FAILED, error_code=Erased.__name__, finished_at=now
    )
    active.update(
        state=ArchiveRun.State.FAILED, lease=None, leased_until=None, waits_for="", finished_at=now
    )


def _bury(user: User, by: Account | None, reason: str, *, now: datetime) -> Tombstone:
    """Delete the rows and create the tombstone, which lists what remains to be removed."""
    # Read before the rows are deleted, because files and calls are found through them.
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
    # Digests only: the tombstone must recognise the profile without naming it.
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
    removed: Counter[str] = Counter()
    for kind, rows in traces.rows(user):
        removed[kind] += delete_at_once(rows)
    return dict(removed)


def _proof_of(files: dict[str, int]) -> dict[str, Any]:
    """The numbers of deleted and of shared files, and a digest of the deleted ones."""
    shared = {*StoredFile.objects.filter(sha256__in=files).values_list("sha256", flat=True)}
    gone = sorted({*files} - shared)
    return {
        "deleted": len(gone),
        "bytes_deleted": sum(files[name] for name in gone),
        "shared": len(shared),
        "bytes_shared": sum(files[name] for name in shared),
        "digest": hashlib.sha256("\n".join(gone).encode()).hexdigest(),
    }
