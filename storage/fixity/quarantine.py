"""The quarantine: bytes that failed a check are kept for 30 days for inspection, never served."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum, Window

from storage import store
from storage.formats import media_types, truncation
from storage.models import Asset, FixityEvent, Quarantined, StoredFile
from storage.partial_files import PartialDownload
from storage.store import QUARANTINE, Store, quarantined_name

MAX_AGE = timedelta(days=30)
# The size above which the oldest bytes are deleted. Without it, a host could fill the disk.
MAX_BYTES = 5 * 1024**3


@dataclass(frozen=True, slots=True)
class Evidence:
    """Bytes in quarantine that have no row yet."""

    sha256: str
    size: int


def keep(part: PartialDownload, media_store: Store) -> Evidence:
    """Move the bytes of a download into quarantine."""
    evidence = Evidence(part.sha256, part.size)
    part.finish(media_store, quarantined_name(part.sha256))
    return evidence


def prune(now: datetime, *, max_bytes: int = MAX_BYTES) -> int:
    """Delete bytes above the age or the total size. Returns the number of deleted rows.

    Bytes that may be the only ones left stay: damaged files that are not repaired yet, and the
    newest bytes that a host sent for a file that is still wanted.
    """
    unrepaired = FixityEvent.objects.open().filter(found_sha256=OuterRef("sha256"))
    newer = Quarantined.objects.filter(asset=OuterRef("asset"), pk__gt=OuterRef("pk"))
    wanted = ~Q(asset=None) & ~Q(asset__state=Asset.State.STORED)
    last = Q(~Exists(newer), wanted, reason=Quarantined.Reason.NOT_MEDIA)
    newest_first = Window(Sum("size"), order_by=[F("found_at").desc(), F("pk").desc()])
    rows = Quarantined.objects.filter(~Exists(unrepaired), ~last).annotate(total=newest_first)
    excess = rows.filter(Q(found_at__lt=now - MAX_AGE) | Q(total__gt=max_bytes))
    removed = remove(Quarantined.objects.filter(pk__in=[row.pk for row in excess]))
    # A worker may have been killed after it moved the bytes and before it wrote their row.
    entries = store.default().entries(QUARANTINE)
    old = [entry.name for entry in entries if entry.changed_at < now - MAX_AGE]
    forget({name.rpartition("/")[2] for name in old})
    return removed


def restore(now: datetime) -> int:
    """Store bytes that earlier versions rejected and this one accepts. Returns how many files.

    These are files that could not be decoded, and whole files of kinds that are known by now. Their
    assets get them, unless they have other bytes meanwhile.
    """
    undecodable = Quarantined.objects.filter(reason=Quarantined.Reason.UNDECODABLE)
    restored = sum(_restore_undecodable(row, now) for row in undecodable.order_by("pk"))
    waiting = Quarantined.objects.filter(reason=Quarantined.Reason.NOT_MEDIA)
    waiting = waiting.exclude(asset__state=Asset.State.STORED).exclude(asset=None)
    return restored + sum(_restore_recognised(row, now) for row in waiting.order_by("pk"))


def accept(files: Collection[StoredFile]) -> None:
    """Clear the rejection of these files, because their bytes are in the store.

    Must run in the caller's transaction, which has locked the rows. At most 2 statements.
    """
    if not files:
        return
    rows = StoredFile.objects.filter(pk__in=[file.pk for file in files])
    rows.update(rejected_at=None, enriched_at=None, enrichment_attempts=0)
    Quarantined.objects.filter(
        reason=Quarantined.Reason.UNDECODABLE, expected_sha256__in=[file.sha256 for file in files]
    ).delete()


@transaction.atomic
def _restore_undecodable(row: Quarantined, now: datetime) -> bool:
    """Move the bytes of a rejected file back into the store. Returns False if they are gone."""
    files = StoredFile.objects.select_for_update(no_key=True).filter(sha256=row.expected_sha256)
    file = files.exclude(rejected_at=None).first()
    if file is None or not _is_moved(row.name, file.name):
        return False
    _give_to_asset(row, file, now)
    accept([file])
    return True


@transaction.atomic
def _restore_recognised(row: Quarantined, now: datetime) -> bool:
    """Store a whole file whose kind is known by now. Returns False if there is none."""
    media_store = store.default()
    try:
        with media_store.open(row.name) as opened:
            kind = media_types.recognise(opened.read(media_types.HEAD_SIZE))

            def read(start: int, size: int) -> bytes:
                return os.pread(opened.fileno(), size, start)

            if kind is None or not truncation.is_whole(kind, read, row.size):
                return False
    except FileNotFoundError:
        return False
    facts = {"size": row.size, "media_type": kind.media_type, "extension": kind.extension}
    file, _ = StoredFile.objects.get_or_create(sha256=row.sha256, defaults=facts)
    if not _is_moved(row.name, file.name):
        return False
    _give_to_asset(row, file, now)
    Quarantined.objects.filter(sha256=row.sha256, reason=row.reason).delete()
    return True


def _is_moved(source: str, target: str) -> bool:
    """Move bytes from quarantine into the store; return whether the target exists now."""
    media_store = store.default()
    with media_store.temporary_path() as path:
        try:
            media_store.take(source, path)
        except FileNotFoundError:
            return media_store.exists(target)
        media_store.put(path, target)
    return True


def _give_to_asset(row: Quarantined, file: StoredFile, now: datetime) -> None:
    """Give the file to the asset of the row, unless the asset has other bytes meanwhile."""
    wanted = Asset.objects.filter(pk__in=[row.asset_id]).exclude(state=Asset.State.STORED)
    wanted.mark_stored(file, now)


def remove(rows: QuerySet[Quarantined]) -> int:
    """Delete the rows, and bytes that no other row names. Returns the number of rows."""
    digests = set(rows.values_list("sha256", flat=True))
    count, _ = rows.delete()
    forget(digests)
    return count


def forget(digests: set[str]) -> None:
    """Delete the bytes of these digests, except those that a row names."""
    named = Quarantined.objects.filter(sha256__in=digests).values_list("sha256", flat=True)
    for digest in digests - {*named}:
        store.default().delete(quarantined_name(digest))
