"""Who works on which asset: claims, leases, and how an attempt ends. PostgreSQL decides all of it.

Every function is a few statements in one transaction of its own. Rows are locked in the order of
their keys, so two workers that finish at once do not deadlock.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, fields
from datetime import timedelta

from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from core.db.retrying import retry_on_conflict
from storage import store
from storage.errors import (
    DownloadError,
    ForbiddenAddress,
    NotMedia,
    NotServed,
    Transient,
    UrlExpired,
)
from storage.fixity import losses, quarantine, removal
from storage.fixity.quarantine import Evidence
from storage.models import LEASE, Asset, AssetQuerySet, Quarantined, StoredFile
from storage.store import Content

MAX_ATTEMPTS = 8
MAX_RENEWALS: dict[type[DownloadError], int] = {
    UrlExpired: 3,
    NotServed: 1,
    ForbiddenAddress: 1,
    NotMedia: 1,
}
"""Fresh URLs that are asked for within one run, by what the last URL brought."""
_REFUSED = Q(error_code__in=("", UrlExpired.__name__))
RENEWAL_PAUSE = timedelta(seconds=15)
FIRST_PAUSE = 5.0
"""Seconds; three times as much after each further attempt: 5 s, 15 s … an hour."""


@dataclass(frozen=True, slots=True)
class ClaimedAsset:
    """An asset that is ours until its lease ends."""

    pk: int
    url: str = field(repr=False)
    lease: uuid.UUID
    attempts: int
    renewals: int = 0


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose files expired: a kind of thing, and its Instagram id."""

    kind: str
    identifier: str


@dataclass(frozen=True, slots=True)
class Success:
    """The bytes of an asset lie in the store."""

    asset: ClaimedAsset
    content: Content


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that ended without bytes, or with such as are in quarantine."""

    asset: ClaimedAsset
    error: DownloadError
    evidence: Evidence | None = None


Ending = Success | Failure


@dataclass(slots=True)
class BatchResult:
    """What became of attempts, counted after the commit. `lost` had no lease any more."""

    stored: int = 0
    bytes: int = 0
    retried: int = 0
    expired: int = 0
    failed: int = 0
    lost: int = 0

    def add(self, other: BatchResult) -> None:
        """Count the other's numbers too."""
        for number in fields(self):
            total = getattr(self, number.name) + getattr(other, number.name)
            setattr(self, number.name, total)


def claim(limit: int) -> list[ClaimedAsset]:
    """Take up to `limit` due assets, the most urgent first; nobody else gets them meanwhile."""
    now, lease = timezone.now(), uuid.uuid4()
    with transaction.atomic():
        due = Asset.objects.due(now).select_for_update(skip_locked=True, no_key=True)
        rows = list(due.values_list("pk", "url", "attempts", "renewals")[:limit])
        Asset.objects.filter(pk__in=[pk for pk, *_ in rows]).update(
            lease=lease, leased_until=now + LEASE
        )
    return [ClaimedAsset(pk, url, lease, *counts) for pk, url, *counts in rows]


def claim_expired(limit: int) -> list[Owner]:
    """The owners of up to `limit` expired files whose turn it is; not due again for a while."""
    now = timezone.now()
    with transaction.atomic():
        rows = Asset.objects.to_renew(now).select_for_update(skip_locked=True, no_key=True)
        due = list(rows[:limit])
        for asset in due:
            asset.next_attempt_at = now + renewal_pause(asset.renewals + 1)
        Asset.objects.bulk_update(due, ["next_attempt_at"])
    return list(dict.fromkeys(Owner(asset.owner_kind, asset.owner_id) for asset in due))


def is_expired(owner: Owner) -> bool:
    """Whether a file of the owner still waits for a fresh URL."""
    return _files_of(owner).filter(state=Asset.State.EXPIRED).exists()


def count_renewal(owner: Owner) -> None:
    """Note that the provider answered; a file asked for often enough has failed.

    Where the host had no file to give, and no fresh URL came, the old one gets one more attempt
    after a pause. Only answers count: a provider that cannot be asked says nothing about the file.
    """
    now = timezone.now()
    files = _files_of(owner)
    files.exclude(state=Asset.State.STORED).update(renewals=F("renewals") + 1)
    limits = [Q(error_code=kind.__name__, renewals__gte=n) for kind, n in MAX_RENEWALS.items()]
    always = Q(renewals__gte=max(MAX_RENEWALS.values()))
    spent = files.filter(Q(always, *limits, _connector=Q.OR), state=Asset.State.EXPIRED)
    still_signed = Q(url_expires_at=None) | Q(url_expires_at__gt=now)
    spent.filter(~_REFUSED, still_signed).update(
        state=Asset.State.WANTED, next_attempt_at=now + RENEWAL_PAUSE, updated_at=now
    )
    spent.update(state=Asset.State.FAILED, updated_at=now)


def allow_renewals(owners: Q) -> None:
    """Let the files that were given up ask for fresh URLs again: a new run has begun.

    `owners` says whose files. 1 statement.
    """
    given_up = Asset.objects.filter(owners, state=Asset.State.FAILED, renewals__gt=0)
    given_up.update(renewals=0)


def renewal_pause(renewals: int) -> timedelta:
    """None before the first renewal, then longer each time."""
    return RENEWAL_PAUSE * renewals**2


def renew(claimed: Iterable[ClaimedAsset]) -> None:
    """Extend the leases that are still ours."""
    _ours(claimed).update(leased_until=timezone.now() + LEASE)


def release(claimed: Iterable[ClaimedAsset]) -> None:
    """Give back what was not begun; the next claim may take it at once."""
    _ours(claimed).update(lease=None, leased_until=None)


def put_off(claimed: Iterable[ClaimedAsset], pause: timedelta) -> None:
    """Give back what was not begun, to be claimed after a pause; it uses up no attempt."""
    later = timezone.now() + pause
    _ours(claimed).update(lease=None, leased_until=None, next_attempt_at=later)


@retry_on_conflict
def settle(endings: Collection[Ending]) -> BatchResult:
    """Write down how attempts ended, all in one transaction; then they count.

    An ending without its lease changes nothing. Tried again after a conflict: persisting a page
    may renew the URLs of the same rows in another order.
    """
    with transaction.atomic():
        urls = _held_urls(endings)
        held = [ending for ending in endings if _key(ending.asset) in urls]
        stored, failures = _judged(held)
        _write_stored(stored)
        counts = BatchResult(
            stored=len(stored),
            bytes=sum(success.content.size for success, _ in stored),
            lost=len(endings) - len(held),
        )
        for failure in failures:
            state = _write_failure(failure, urls[_key(failure.asset)])
            _count(counts, state)
        _write_evidence(failures)
    _discard_unowned(
        ending
        for ending in endings
        if isinstance(ending, Success) and _key(ending.asset) not in urls
    )
    return counts


def _discard_unowned(lost: Iterable[Success]) -> None:
    """Remove bytes whose asset was erased while they came; with a row first, as `discard` wants."""
    contents = {success.asset.pk: success.content for success in lost}
    if not contents:
        return
    there = Asset.objects.filter(pk__in=contents).values_list("pk", flat=True)
    unowned = [contents[pk] for pk in {*contents} - {*there}]
    with transaction.atomic():
        files_of(unowned)
        removal.discard([content.sha256 for content in unowned])


def _files_of(owner: Owner) -> AssetQuerySet:
    return Asset.objects.filter(owner_kind=owner.kind, owner_id=owner.identifier)


def _ours(claimed: Iterable[ClaimedAsset]) -> AssetQuerySet:
    assets = list(claimed)
    rows: AssetQuerySet = Asset.objects.filter(
        pk__in=[asset.pk for asset in assets], lease__in={asset.lease for asset in assets}
    )
    return rows


def _key(asset: ClaimedAsset) -> tuple[int, uuid.UUID | None]:
    return asset.pk, asset.lease


def _held_urls(endings: Iterable[Ending]) -> dict[tuple[int, uuid.UUID | None], str]:
    """Lock the rows; their URLs as they are now, by the claim that holds them."""
    rows = Asset.objects.filter(pk__in=[ending.asset.pk for ending in endings]).order_by("pk")
    locked = rows.select_for_update(no_key=True).values_list("pk", "lease", "url")
    return {(pk, lease): url for pk, lease, url in locked}


def _judged(endings: Iterable[Ending]) -> tuple[list[tuple[Success, int]], list[Failure]]:
    """Successes with the id of their file; those that were erased meanwhile are failures."""
    successes = [ending for ending in endings if isinstance(ending, Success)]
    failures = [ending for ending in endings if isinstance(ending, Failure)]
    stored = []
    files = files_of(success.content for success in successes)
    for success in successes:
        file = files[success.content.sha256]
        if not store.default().exists(file.name):
            failures.append(Failure(success.asset, Transient("the same bytes were just erased")))
        else:
            stored.append((success, file.pk))
    return stored, failures


def files_of(contents: Iterable[Content]) -> dict[str, StoredFile]:
    """The row of each content by SHA-256, inserted where it is new.

    In the order of the hash, against deadlocks; locked until the transaction ends, so that
    none is lost in between. What an earlier version had rejected is stored now.
    """
    wanted = {content.sha256: content for content in contents}
    rows = [_file(wanted[sha256]) for sha256 in sorted(wanted)]
    StoredFile.objects.bulk_create(rows, ignore_conflicts=True)
    known = StoredFile.objects.filter(sha256__in=wanted).order_by("sha256")
    files = list(known.select_for_update(no_key=True))
    losses.found_again(files, timezone.now())
    quarantine.accept([file for file in files if file.rejected_at is not None])
    return {file.sha256: file for file in files}


def _file(content: Content) -> StoredFile:
    return StoredFile(
        sha256=content.sha256,
        size=content.size,
        media_type=content.kind.media_type,
        extension=content.kind.extension,
    )


def _write_stored(stored: list[tuple[Success, int]]) -> None:
    if not stored:
        return
    now = timezone.now()
    files = Case(*(When(pk=success.asset.pk, then=Value(file)) for success, file in stored))
    Asset.objects.filter(pk__in=[success.asset.pk for success, _ in stored]).give(files, now)


def _write_failure(failure: Failure, url: str) -> Asset.State:
    """Decide by the class of the error, and return the new state."""
    now = timezone.now()
    state = _state_after(failure, url)
    Asset.objects.filter(pk=failure.asset.pk).update(
        state=state,
        attempts=failure.asset.attempts + 1,
        next_attempt_at=now + _pause(failure, url),
        updated_at=now,
        lease=None,
        leased_until=None,
        error_code=failure.error.code,
        error=str(failure.error),
    )
    return state


def _state_after(failure: Failure, url: str) -> Asset.State:
    if url != failure.asset.url:  # renewed while we tried the old one
        return Asset.State.WANTED
    if failure.asset.renewals < MAX_RENEWALS.get(type(failure.error), 0):
        return Asset.State.EXPIRED
    allowed = MAX_ATTEMPTS if isinstance(failure.error, Transient) else 1
    return Asset.State.WANTED if failure.asset.attempts + 1 < allowed else Asset.State.FAILED


def _pause(failure: Failure, url: str) -> timedelta:
    """Exponential with jitter, so that a host that fell over is not met by all at once."""
    if url != failure.asset.url:
        return timedelta()
    if isinstance(failure.error, UrlExpired):
        return renewal_pause(failure.asset.renewals)
    # What answered with something else is left alone for a moment, before a fresh URL too.
    asked = getattr(failure.error, "retry_after", None) or 0.0
    backoff = FIRST_PAUSE * 3**failure.asset.attempts * random.uniform(0.75, 1.25)  # noqa: S311  no secret
    return timedelta(seconds=max(asked, backoff))


def _write_evidence(failures: list[Failure]) -> None:
    """Note what lies in quarantine; once for an asset, however often the same bytes come."""
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
