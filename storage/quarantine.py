"""Bytes that failed a check: kept apart for inspection, for a while, and never served."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum, Window

from storage import store
from storage.models import FixityEvent, Quarantined
from storage.parts import Part
from storage.store import QUARANTINE, Store, quarantined_name

KEPT = timedelta(days=30)
MOST_BYTES = 5 * 1024**3
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


def prune(now: datetime, *, most_bytes: int = MOST_BYTES) -> int:
    """Remove what is too old or too much; returns how many rows.

    Damaged files that are not repaired stay: theirs may be the last bytes that there are.
    """
    unrepaired = FixityEvent.objects.open().filter(found_sha256=OuterRef("sha256"))
    newest_first = Window(Sum("size"), order_by=[F("found_at").desc(), F("pk").desc()])
    rows = Quarantined.objects.filter(~Exists(unrepaired)).annotate(total=newest_first)
    doomed = rows.filter(Q(found_at__lt=now - KEPT) | Q(total__gt=most_bytes))
    removed = remove(Quarantined.objects.filter(pk__in=[row.pk for row in doomed]))
    _remove_unnamed(now)
    return removed


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
