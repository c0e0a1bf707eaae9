"""Bytes that failed a check: kept apart for inspection, for a while, and never served."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum, Window

from storage import store
from storage.formats import media_types, truncation
from storage.models import Asset, FixityEvent, Quarantined, StoredFile
from storage.partial_files import Part
from storage.store import QUARANTINE, Store, quarantined_name

KEPT = timedelta(days=30)
MAX_BYTES = 5 * 1024**3
"""Above it the oldest go first; hosts decide how much they send."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Bytes that lie in quarantine and have no row yet."""

    sha256: str
    size: int


def keep(part: Part, shelf: Store) -> Evidence:
    """Move what a download has brought into quarantine."""
    evidence = Evidence(part.sha256, part.size)
    part.finish(shelf, quarantined_name(part.sha256))
    return evidence


def prune(now: datetime, *, max_bytes: int = MAX_BYTES) -> int:
    """Remove what is too old or too much; returns how many rows.

    What may be the last bytes that there are stays: damaged files that are not repaired yet, and
    the newest of what a host sent for a file that is wanted still.
    """
    unrepaired = FixityEvent.objects.open().filter(found_sha256=OuterRef("sha256"))
    newer = Quarantined.objects.filter(asset=OuterRef("asset"), pk__gt=OuterRef("pk"))
    wanted = ~Q(asset=None) & ~Q(asset__state=Asset.State.STORED)
    last = Q(~Exists(newer), wanted, reason=Quarantined.Reason.NOT_MEDIA)
    newest_first = Window(Sum("size"), order_by=[F("found_at").desc(), F("pk").desc()])
    rows = Quarantined.objects.filter(~Exists(unrepaired), ~last).annotate(total=newest_first)
    doomed = rows.filter(Q(found_at__lt=now - KEPT) | Q(total__gt=max_bytes))
    removed = remove(Quarantined.objects.filter(pk__in=[row.pk for row in doomed]))
    _remove_unnamed(now)
    return removed


def restore(now: datetime) -> int:
    """Store what earlier versions rejected and this one does not; returns how many files.

    Bytes that could not be decoded go back to their place, and so does what a host sent whole of a
    kind that is known by now. Their assets have them, unless they have found others.
    """
    undecodable = Quarantined.objects.filter(reason=Quarantined.Reason.UNDECODABLE)
    restored = sum(_put_back(row, now) for row in undecodable.order_by("pk"))
    waiting = Quarantined.objects.filter(reason=Quarantined.Reason.NOT_MEDIA)
    waiting = waiting.exclude(asset__state=Asset.State.STORED).exclude(asset=None)
    return restored + sum(_adopt(row, now) for row in waiting.order_by("pk"))


def accept(files: Collection[StoredFile]) -> None:
    """The bytes of these rejected files lie in the store: nothing is held against them any more.

    In the caller's transaction, which has locked them. At most 2 statements.
    """
    if not files:
        return
    rows = StoredFile.objects.filter(pk__in=[file.pk for file in files])
    rows.update(rejected_at=None, enriched_at=None, enrichment_attempts=0)
    Quarantined.objects.filter(
        reason=Quarantined.Reason.UNDECODABLE, expected_sha256__in=[file.sha256 for file in files]
    ).delete()


@transaction.atomic
def _put_back(row: Quarantined, now: datetime) -> bool:
    """Move the bytes of a rejected file to their place; False where they are gone."""
    files = StoredFile.objects.select_for_update(no_key=True).filter(sha256=row.expected_sha256)
    file = files.exclude(rejected_at=None).first()
    if file is None or not _is_moved(row.name, file.name):
        return False
    _give_to_asset(row, file, now)
    accept([file])
    return True


@transaction.atomic
def _adopt(row: Quarantined, now: datetime) -> bool:
    """Store what a host sent whole, where its kind is known by now."""
    shelf = store.default()
    try:
        with shelf.open(row.name) as opened:
            kind = media_types.recognise(opened.read(media_types.HEAD_SIZE))
            if kind is None or not truncation.is_whole(kind, _reader(opened), row.size):
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


def _reader(opened: BinaryIO) -> truncation.Read:
    return lambda start, size: os.pread(opened.fileno(), size, start)


def _is_moved(source: str, target: str) -> bool:
    """Move bytes within the store; False where there are none."""
    shelf = store.default()
    with shelf.aside() as path:
        try:
            shelf.take(source, path)
        except FileNotFoundError:
            return shelf.exists(target)
        shelf.put(path, target)
    return True


def _give_to_asset(row: Quarantined, file: StoredFile, now: datetime) -> None:
    """Let the asset of the row have the file, unless it has found other bytes meanwhile."""
    wanted = Asset.objects.filter(pk__in=[row.asset_id]).exclude(state=Asset.State.STORED)
    wanted.give(file, now)


def remove(rows: QuerySet[Quarantined]) -> int:
    """Delete the rows, and the bytes that no other row names; returns how many rows."""
    digests = set(rows.values_list("sha256", flat=True))
    count, _ = rows.delete()
    forget(digests)
    return count


def forget(digests: set[str]) -> None:
    """Delete the bytes of these digests that no row names."""
    for digest in digests - _named(digests):
        store.default().delete(quarantined_name(digest))


def _remove_unnamed(now: datetime) -> None:
    """Bytes whose worker was killed before their row was written."""
    forget({*_old_digests(store.default(), now)})


def _old_digests(shelf: Store, now: datetime) -> Iterator[str]:
    for entry in shelf.entries(QUARANTINE):
        if entry.changed_at < now - KEPT:
            yield entry.name.rpartition("/")[2]


def _named(digests: set[str]) -> set[str]:
    rows = Quarantined.objects.filter(sha256__in=digests)
    return set(rows.values_list("sha256", flat=True))
