"""Is what was stored still there, bit by bit? Verify, take back, repair.

    verify ──▶ whole      the time is written down
       │
       ├─────▶ damaged    to quarantine ─┐
       └─────▶ lost ─────────────────────┴─▶ event, assets wanted again ──▶ repair

Repaired from another copy, from the live URL, or from a fresh one that the provider is asked for.
"""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from core.db.retrying import retry_on_conflict
from storage import store
from storage.errors import StoreMissing
from storage.fixity import losses
from storage.models import FixityEvent, Quarantined, StoredFile
from storage.store import Store, quarantined_name

GROUP = 64
EARLY = 0.9
"""Files are due at this part of the cycle, so that none exceeds it while others are hashed."""
FEW = 10
"""Files that may be missing before the folder itself is doubted."""
REPAIRS = 200
BLOCK = 1024 * 1024

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """What lies in the place of a file; no digest where nothing does."""

    file: StoredFile
    sha256: str = ""
    size: int = 0
    inode: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether these are the bytes that were stored."""
        return self.sha256 == self.file.sha256

    @property
    def kind(self) -> FixityEvent.Kind:
        """What is wrong with a file that is not whole."""
        return FixityEvent.Kind.DAMAGED if self.sha256 else FixityEvent.Kind.LOST


def look(file: StoredFile, shelf: Store) -> Seen:
    """Hash the file's bytes in constant memory. Where the disk cannot read on, those before."""
    digest, size = hashlib.sha256(), 0
    try:
        with shelf.open(file.name) as opened:
            inode = os.fstat(opened.fileno()).st_ino
            for block in _blocks(opened):
                digest.update(block)
                size += len(block)
    except FileNotFoundError:
        return Seen(file)
    return Seen(file, digest.hexdigest(), size, inode)


def walk(before: datetime, now: datetime) -> Generator[Seen, None, None]:
    """Look at every file last verified before then, the longest ago first.

    Whole ones are written down in groups, so a round that is interrupted need not begin anew:
    close the iterator.
    """
    group = _next_group(before, None)
    while group:
        whole: list[int] = []
        try:
            for file in group:
                seen = look(file, store.default())
                whole += [file.pk] if seen.is_whole else []
                yield seen
        finally:
            StoredFile.objects.filter(pk__in=whole).update(verified_at=now)
        group = _next_group(before, group[-1])


def verify_due(cycle: timedelta, *, seconds: float, now: datetime) -> int:
    """Verify what is due in its cycle until the time is used up, and repair; returns how many.

    Raises StoreMissing as `take_back` does.
    """
    until = time.monotonic() + seconds
    checked = 0
    with closing(walk(now - EARLY * cycle, now)) as round_:
        for seen in round_:
            checked += 1
            if not seen.is_whole:
                take_back(seen, now)
            if time.monotonic() > until:
                break
    repair_open(now)
    return checked


def take_back(seen: Seen, now: datetime) -> FixityEvent | None:
    """Note damage or loss, and want the assets again; None where others have put it right.

    Raises StoreMissing when so many other files are missing too that their folder must be.
    """
    if not seen.sha256:
        _doubt(store.default())
    return give_up(seen, now)


@retry_on_conflict
def give_up(seen: Seen, now: datetime) -> FixityEvent | None:
    """As `take_back`, where somebody has made sure that the folder is the right one."""
    with transaction.atomic():
        rows = StoredFile.objects.servable().select_for_update(no_key=True).filter(pk=seen.file.pk)
        if rows.first() is None or not _is_removed(seen, store.default()):
            return None
        event = FixityEvent(
            kind=seen.kind,
            sha256=seen.file.sha256,
            name=seen.file.name,
            size=seen.file.size,
            found_sha256=seen.sha256,
            found_at=now,
            looked_at=now,
        )
        losses.take_back(seen.file, event, now)
        if seen.sha256:
            _note_quarantined(seen, event, now)
    return event


def repair_open(now: datetime) -> int:
    """Try to repair open events, those first that waited longest; returns how many were."""
    events = FixityEvent.objects.open().order_by("looked_at")[:REPAIRS]
    return sum(repair(event, now) is not None for event in events)


@retry_on_conflict
@transaction.atomic
def repair(event: FixityEvent, now: datetime) -> FixityEvent.Repair | None:
    """Bring the bytes back without the network, and close the event; None where that fails.

    Else its assets' downloads do it, or another poster takes the place of a lost one. The file's
    row is locked meanwhile, so that no erasure ends before the bytes are back for good. Tried again
    after a deadlock: a download that ends locks its asset first.
    """
    rows = StoredFile.objects.filter(sha256=event.sha256)
    if rows.select_for_update(no_key=True).first() is None:  # erased: nothing may return
        event.delete()
        return None
    repair = _brought_back(event)
    if repair is not None:
        losses.put_right(event, repair, now)
    elif _is_replaced(event):
        repair = FixityEvent.Repair.REPLACED
        event.close(repair, now)
    else:
        event.looked_at = now
        event.save(update_fields=["looked_at"])
    return repair


def _doubt(shelf: Store) -> None:
    """Raise StoreMissing where most files are missing.

    Asked anew before each loss, of files from everywhere: what one round happens to see may be a
    few files, and those of many rounds are all of them.
    """
    files = StoredFile.objects.witnesses()
    missing = sum(not shelf.exists(file.name) for file in files)
    if missing > FEW and 2 * missing > len(files):
        raise StoreMissing(f"{missing} of {len(files)} files are not there: is it mounted?")


def _blocks(opened: BinaryIO) -> Iterator[bytes]:
    try:
        while block := opened.read(BLOCK):
            yield block
    except OSError as error:
        if error.errno != errno.EIO:  # a bad sector ends the bytes; anything else is no finding
            raise


def _next_group(before: datetime, last: StoredFile | None) -> list[StoredFile]:
    files = StoredFile.objects.verified_before(before)
    if last is not None:
        later = Q(verified_at=last.verified_at, pk__gt=last.pk)
        files = files.filter(Q(verified_at__gt=last.verified_at) | later)
    return list(files[:GROUP])


def _is_removed(seen: Seen, shelf: Store) -> bool:
    """Put damaged bytes aside; False when a download has put whole ones there meanwhile."""
    if not seen.sha256:
        return not shelf.exists(seen.file.name)
    return shelf.move(seen.file.name, quarantined_name(seen.sha256), inode=seen.inode)


def _note_quarantined(seen: Seen, event: FixityEvent, now: datetime) -> None:
    """As the only asset's, or nobody's: the erasure of one of several must not take them along."""
    Quarantined.objects.create(
        asset_id=event.assets[0] if len(event.assets) == 1 else None,
        reason=Quarantined.Reason.DAMAGED,
        sha256=seen.sha256,
        size=seen.size,
        expected_sha256=event.sha256,
        error=f"{event.size} bytes of another digest were stored as {event.name}",
        found_at=now,
    )


def _brought_back(event: FixityEvent) -> FixityEvent.Repair | None:
    if store.holds(store.default().root / event.name, event.sha256):
        return FixityEvent.Repair.RETURNED
    if settings.MEDIA_COPY is not None and _is_copied(settings.MEDIA_COPY / event.name, event):
        return FixityEvent.Repair.COPY
    return None


def _is_copied(source: Path, event: FixityEvent) -> bool:
    """Whether the other copy had the bytes that were stored, and they are here now."""
    try:
        return store.default().copy(source, event.name, event.sha256)
    except OSError as error:  # the copy's disk, or ours: the next round tries again
        log.warning("fixity.not_copied", file=event.name, error=error.strerror)
        return False


def _is_replaced(event: FixityEvent) -> bool:
    """Whether it was the poster of videos that all have another one now."""
    videos = StoredFile.objects.filter(pk__in=event.posters_of)
    return bool(event.posters_of) and not event.assets and not videos.filter(poster=None).exists()
