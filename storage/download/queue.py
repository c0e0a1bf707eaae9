"""The download queue in PostgreSQL: claims, leases, and the results of attempts.

Every function runs a few statements in one transaction of its own. Rows are locked in the order of
their keys, so two workers that finish at the same time do not deadlock.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, fields
from datetime import timedelta

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import F, Q
from django.utils import timezone

from core.db.retrying import retry_on_conflict
from core.db.selection import Row, Selection
from core.db.writing import insert_missing, update_rows
from storage import store
from storage.errors import (
    DownloadError,
    ForbiddenAddress,
    NotMedia,
    NotServed,
    TransientDownloadError,
    UrlExpired,
)
from storage.fixity import losses, quarantine, removal
from storage.fixity.quarantine import Evidence
from storage.models import LEASE, Asset, AssetQuerySet, Quarantined, StoredFile
from storage.store import MediaContent

MAX_ATTEMPTS = 8
# Fresh URLs to ask for within one run, by the error of the last URL.
MAX_RENEWALS: dict[type[DownloadError], int] = {
    UrlExpired: 3,
    NotServed: 1,
    ForbiddenAddress: 1,
    NotMedia: 1,
}
_REFUSED = Q(error_code__in=("", UrlExpired.code))
RENEWAL_BACKOFF = timedelta(seconds=15)
# Seconds. Each further attempt waits three times as long: 5 s, 15 s … an hour.
INITIAL_BACKOFF = 5.0


@dataclass(frozen=True, slots=True)
class ClaimedAsset:
    """An asset that this worker may download until the lease ends."""

    pk: int
    url: str = field(repr=False)
    lease: uuid.UUID
    attempts: int
    renewals: int = 0


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of expired files: user, post, story or highlight, and its Instagram id."""

    kind: str
    identifier: str


@dataclass(frozen=True, slots=True)
class Success:
    """The bytes of the asset are in the store."""

    asset: ClaimedAsset
    content: MediaContent


@dataclass(frozen=True, slots=True)
class Failure:
    """The attempt brought no file. `evidence` names bytes that were put into quarantine."""

    asset: ClaimedAsset
    error: DownloadError
    evidence: Evidence | None = None


DownloadResult = Success | Failure


@dataclass(slots=True)
class BatchResult:
    """Counts committed results. `lost` counts attempts whose lease had ended before the commit."""

    stored: int = 0
    bytes: int = 0
    retried: int = 0
    expired: int = 0
    failed: int = 0
    lost: int = 0

    def add(self, other: BatchResult) -> None:
        for number in fields(self):
            total = getattr(self, number.name) + getattr(other, number.name)
            setattr(self, number.name, total)


# Locked in the order of their keys, until the transaction ends.
LEASES = Selection(
    Asset.objects.order_by("pk").select_for_update(no_key=True), ("pk", "lease", "url")
)
FILES = Selection(
    StoredFile.objects.order_by("sha256").select_for_update(no_key=True),
    ("id", "sha256", "extension", "rejected_at", "lost_at"),
    key="sha256",
    prepare=False,  # the first run of an archive fills the table from nothing
)


def claim(limit: int) -> list[ClaimedAsset]:
    """Lease up to `limit` due assets, the most urgent first. No other worker gets them."""
    now, lease = timezone.now(), uuid.uuid4()
    with transaction.atomic():
        due = Asset.objects.due(now).select_for_update(skip_locked=True, no_key=True)
        rows = list(due.values_list("pk", "url", "attempts", "renewals")[:limit])
        Asset.objects.filter(pk__in=[pk for pk, *_ in rows]).update(
            lease=lease, leased_until=now + LEASE
        )
    return [ClaimedAsset(pk, url, lease, *counts) for pk, url, *counts in rows]


def claim_expired(limit: int) -> list[Owner]:
    """Return the owners of up to `limit` expired files, and postpone these files for a while."""
    now = timezone.now()
    with transaction.atomic():
        rows = Asset.objects.awaiting_renewal(now).select_for_update(skip_locked=True, no_key=True)
        due = list(rows[:limit])
        for asset in due:
            asset.next_attempt_at = now + renewal_backoff(asset.renewals + 1)
        Asset.objects.bulk_update(due, ["next_attempt_at"])
    return list(dict.fromkeys(Owner(asset.owner_kind, asset.owner_id) for asset in due))


def is_expired(owner: Owner) -> bool:
    """Return whether a file of the owner still waits for a fresh URL."""
    return _files_of(owner).filter(state=Asset.State.EXPIRED).exists()


def count_renewal(owner: Owner) -> None:
    """Count one answer of the provider; files that used up their renewals fail.

    If the host had refused to send the file and no fresh URL came, the old URL gets one more
    attempt after a pause. Only answers count: a provider that cannot be reached says nothing about
    the file.
    """
    now = timezone.now()
    files = _files_of(owner)
    files.exclude(state=Asset.State.STORED).update(renewals=F("renewals") + 1)
    limits = [Q(error_code=error.code, renewals__gte=n) for error, n in MAX_RENEWALS.items()]
    always = Q(renewals__gte=max(MAX_RENEWALS.values()))
    spent = files.filter(Q(always, *limits, _connector=Q.OR), state=Asset.State.EXPIRED)
    still_signed = Q(url_expires_at=None) | Q(url_expires_at__gt=now)
    spent.filter(~_REFUSED, still_signed).update(
        state=Asset.State.WANTED, next_attempt_at=now + RENEWAL_BACKOFF, updated_at=now
    )
    spent.update(state=Asset.State.FAILED, updated_at=now)


def allow_renewals(owners: Q) -> None:
    """Let failed files ask for fresh URLs again, because a new run has begun.

    `owners` filters assets by their owners. 1 statement.
    """
    Asset.objects.filter(owners, state=Asset.State.FAILED, renewals__gt=0).update(renewals=0)


def renewal_backoff(renewals: int) -> timedelta:
    """Return the pause before the next fresh URL: zero at first, then growing quadratically."""
    return RENEWAL_BACKOFF * renewals**2


def renew_leases(claimed: Iterable[ClaimedAsset]) -> None:
    """Extend the leases that this worker still holds."""
    _held(claimed).update(leased_until=timezone.now() + LEASE)


def release(claimed: Iterable[ClaimedAsset]) -> None:
    """Give up leases of downloads that have not begun. Any worker may claim them at once."""
    _held(claimed).update(lease=None, leased_until=None)


def postpone(claimed: Iterable[ClaimedAsset], pause: timedelta) -> None:
    """Release assets until the pause is over. This uses up no attempt."""
    later = timezone.now() + pause
    _held(claimed).update(lease=None, leased_until=None, next_attempt_at=later)


@retry_on_conflict
def settle(results: Collection[DownloadResult]) -> BatchResult:
    """Write the results of attempts in one transaction, and return what was committed.

    A result whose lease has ended changes nothing. The transaction is retried after a deadlock,
    because persisting a page may renew the URLs of the same rows in another order.
    """
    with transaction.atomic():
        locked = LEASES.of([result.asset.pk for result in results])
        urls = {(row["pk"], row["lease"]): row["url"] for row in locked}
        held = [result for result in results if _key(result.asset) in urls]
        stored, failures = _partition(held)
        columns = Asset.stored_columns(timezone.now())
        rows = [{"pk": success.asset.pk, "file_id": file, **columns} for success, file in stored]
        update_rows(Asset, rows)
        counts = BatchResult(
            stored=len(stored),
            bytes=sum(success.content.size for success, _ in stored),
            lost=len(results) - len(held),
        )
        for failure in failures:
            state = _write_failure(failure, urls[_key(failure.asset)])
            _count(counts, state)
        _write_evidence(failures)
    _discard_unowned(
        result
        for result in results
        if isinstance(result, Success) and _key(result.asset) not in urls
    )
    return counts


def _discard_unowned(lost: Iterable[Success]) -> None:
    """Delete bytes whose asset was erased during the download."""
    contents = {success.asset.pk: success.content for success in lost}
    if not contents:
        return
    existing = Asset.objects.filter(pk__in=contents).values_list("pk", flat=True)
    unowned = [contents[pk] for pk in {*contents} - {*existing}]
    with transaction.atomic():
        # `discard` locks rows, so the bytes need one: another download of the same bytes then
        # waits for the lock instead of losing its file.
        files_of(unowned)
        removal.discard([content.sha256 for content in unowned])


def _files_of(owner: Owner) -> AssetQuerySet:
    return Asset.objects.filter(owner_kind=owner.kind, owner_id=owner.identifier)


def _held(claimed: Iterable[ClaimedAsset]) -> AssetQuerySet:
    """Filter the assets whose lease is still the one of the claim."""
    assets = list(claimed)
    rows: AssetQuerySet = Asset.objects.filter(
        pk__in=[asset.pk for asset in assets], lease__in={asset.lease for asset in assets}
    )
    return rows


def _key(asset: ClaimedAsset) -> tuple[int, uuid.UUID | None]:
    return asset.pk, asset.lease


def _partition(
    results: Iterable[DownloadResult],
) -> tuple[list[tuple[Success, int]], list[Failure]]:
    """Return successes with the id of their file, and failures."""
    successes = [result for result in results if isinstance(result, Success)]
    failures = [result for result in results if isinstance(result, Failure)]
    stored = []
    files = files_of(success.content for success in successes)
    media_store = store.default()
    for success in successes:
        file = files[success.content.sha256]
        # An erasure may have deleted the same bytes since the download put them into the store.
        # The row is locked now, so bytes that exist here stay.
        if not media_store.exists(file.name):
            error = TransientDownloadError("the same bytes were just erased")
            failures.append(Failure(success.asset, error))
        else:
            stored.append((success, file.pk))
    return stored, failures


def files_of(contents: Iterable[MediaContent]) -> dict[str, StoredFile]:
    """Return the row of each content by SHA-256; insert missing rows. 2 statements.

    The rows have their key, name and losses; everything else is deferred.

    The rows are inserted and locked in the order of the hash, against deadlocks, and stay locked
    until the transaction ends, so that no erasure deletes them in between. Events of lost bytes
    that arrived again are closed, and files that an earlier version rejected are accepted.
    """
    wanted = {content.sha256: content for content in contents}
    insert_missing([_row(wanted[sha256]) for sha256 in sorted(wanted)])
    files = [_deferred(row) for row in FILES.of([*wanted])]
    losses.restore_stored(files, timezone.now())
    quarantine.accept([file for file in files if file.rejected_at is not None])
    return {file.sha256: file for file in files}


def _deferred(row: Row) -> StoredFile:
    """The model of a row of which only some columns were read."""
    return StoredFile.from_db(DEFAULT_DB_ALIAS, [*row], [*row.values()])


def _row(content: MediaContent) -> StoredFile:
    return StoredFile(
        sha256=content.sha256,
        size=content.size,
        media_type=content.kind.media_type,
        extension=content.kind.extension,
    )


def _write_failure(failure: Failure, url: str) -> Asset.State:
    """Write the failed attempt and return the asset's new state. `url` is its current URL."""
    now = timezone.now()
    state = _state_after(failure, url)
    Asset.objects.filter(pk=failure.asset.pk).update(
        state=state,
        attempts=failure.asset.attempts + 1,
        next_attempt_at=now + _backoff(failure, url),
        updated_at=now,
        lease=None,
        leased_until=None,
        error_code=failure.error.code,
        error=str(failure.error),
    )
    return state


def _state_after(failure: Failure, url: str) -> Asset.State:
    # A page renewed the URL during the attempt, so the failure says nothing about the new one.
    if url != failure.asset.url:
        return Asset.State.WANTED
    if failure.asset.renewals < MAX_RENEWALS.get(type(failure.error), 0):
        return Asset.State.EXPIRED
    allowed = MAX_ATTEMPTS if isinstance(failure.error, TransientDownloadError) else 1
    return Asset.State.WANTED if failure.asset.attempts + 1 < allowed else Asset.State.FAILED


def _backoff(failure: Failure, url: str) -> timedelta:
    if url != failure.asset.url:
        return timedelta()
    if isinstance(failure.error, UrlExpired):
        return renewal_backoff(failure.asset.renewals)
    # Other errors wait before a fresh URL too, because they may come from an overloaded host.
    # The jitter keeps all workers from returning to a recovering host at the same moment.
    retry_after = getattr(failure.error, "retry_after", None) or 0.0
    jitter = random.uniform(0.75, 1.25)  # noqa: S311  no secret
    backoff = INITIAL_BACKOFF * 3**failure.asset.attempts * jitter
    return timedelta(seconds=max(retry_after, backoff))


def _write_evidence(failures: list[Failure]) -> None:
    """Insert a row for bytes in quarantine, once per asset and content."""
    evidence = {
        (failure.asset.pk, failure.evidence.sha256): Quarantined(
            asset_id=failure.asset.pk,
            reason=Quarantined.Reason.NOT_MEDIA,
            sha256=failure.evidence.sha256,
            size=failure.evidence.size,
            error=str(failure.error),
        )
        for failure in failures
        if failure.evidence
    }
    if evidence:
        noted = Quarantined.objects.filter(asset__in={asset for asset, _ in evidence})
        known = {*noted.values_list("asset_id", "sha256")}
        Quarantined.objects.bulk_create(evidence[key] for key in evidence if key not in known)


def _count(counts: BatchResult, state: Asset.State) -> None:
    if state == Asset.State.WANTED:
        counts.retried += 1
    elif state == Asset.State.EXPIRED:
        counts.expired += 1
    else:
        counts.failed += 1
