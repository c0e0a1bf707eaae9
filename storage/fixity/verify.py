"""Verifies that stored files still have the bytes that were stored, and restores those that do not.

    check ──▶ whole      `verified_at` is set
      │
      ├─────▶ damaged    moved to quarantine ─┐
      └─────▶ missing ────────────────────────┴─▶ mark_lost: event, assets wanted ──▶ restore

Files are restored from the other copy, or downloaded again from the known or from a fresh URL.
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

GROUP_SIZE = 64
# The part of the cycle after which a file is due. The rest is time to hash the other due files.
DUE_AFTER = 0.9
# Missing files in the sample above which the folder itself may be missing.
MAX_MISSING = 10
MAX_RESTORES = 200
BLOCK = 1024 * 1024

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FileCheck:
    """The bytes found under the name of a file. The digest is empty if there are none."""

    file: StoredFile
    sha256: str = ""
    size: int = 0
    inode: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether the bytes are those that were stored."""
        return self.sha256 == self.file.sha256

    @property
    def kind(self) -> FixityEvent.Kind:
        """The kind of damage; meaningless for a file that is whole."""
        return FixityEvent.Kind.DAMAGED if self.sha256 else FixityEvent.Kind.LOST


def check(file: StoredFile, media_store: Store) -> FileCheck:
    """Hash the file in constant memory. A bad sector ends the bytes. Raises other OSErrors."""
    digest, size = hashlib.sha256(), 0
    try:
        with media_store.open(file.name) as opened:
            inode = os.fstat(opened.fileno()).st_ino
            for block in _blocks(opened):
                digest.update(block)
                size += len(block)
    except FileNotFoundError:
        return FileCheck(file)
    return FileCheck(file, digest.hexdigest(), size, inode)


def check_all(before: datetime, now: datetime) -> Generator[FileCheck, None, None]:
    """Check every file that was last verified before that time, the oldest check first.

    `verified_at` of whole files is written in groups. A caller that stops early must close the
    iterator, so that the current group is written too and the next round continues from there.
    """
    group = _next_group(before, None)
    while group:
        whole: list[int] = []
        try:
            for file in group:
                seen = check(file, store.default())
                whole += [file.pk] if seen.is_whole else []
                yield seen
        finally:
            StoredFile.objects.filter(pk__in=whole).update(verified_at=now)
        group = _next_group(before, group[-1])


def verify_due(cycle: timedelta, *, seconds: float, now: datetime) -> int:
    """Verify due files for `seconds`, then restore lost ones. Returns how many were verified.

    Raises StoreMissing as `mark_lost` does.
    """
    until = time.monotonic() + seconds
    checked = 0
    with closing(check_all(now - DUE_AFTER * cycle, now)) as round_:
        for seen in round_:
            checked += 1
            if not seen.is_whole:
                mark_lost(seen, now)
            if time.monotonic() > until:
                break
    restore_open(now)
    return checked


def mark_lost(seen: FileCheck, now: datetime) -> FixityEvent | None:
    """Record damage or loss and queue the assets again. Returns None if it was restored meanwhile.

    Raises StoreMissing if most other files are missing too, so that a folder that is not mounted
    does not empty the archive.
    """
    if not seen.sha256:
        _check_mounted(store.default())
    return mark_lost_unchecked(seen, now)


@retry_on_conflict
def mark_lost_unchecked(seen: FileCheck, now: datetime) -> FixityEvent | None:
    """Do what `mark_lost` does, without a check that the folder is mounted.

    For staff who have made sure that it is.
    """
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
        losses.mark_lost(seen.file, event, now)
        if seen.sha256:
            _note_quarantined(seen, event, now)
    return event


def restore_open(now: datetime) -> int:
    """Try to restore files of open events, the longest wait first. Returns how many came back."""
    events = FixityEvent.objects.open().order_by("looked_at")[:MAX_RESTORES]
    return sum(restore(event, now) is not None for event in events)


@retry_on_conflict
@transaction.atomic
def restore(event: FixityEvent, now: datetime) -> FixityEvent.Repair | None:
    """Restore the bytes without the network and close the event. Returns None if that fails.

    A file that stays lost is downloaded again for its assets; a lost poster is made again. The
    transaction is retried after a deadlock, because a finishing download locks its asset first.
    """
    rows = StoredFile.objects.filter(sha256=event.sha256)
    # The lock makes an erasure wait until the bytes are in place, so that it deletes them too. If
    # the row is gone, the file was erased and must not return from the copy.
    if rows.select_for_update(no_key=True).first() is None:
        event.delete()
        return None
    repair = _find_bytes(event)
    if repair is not None:
        losses.restore(event, repair, now)
    elif _is_replaced(event):
        repair = FixityEvent.Repair.REPLACED
        event.close(repair, now)
    else:
        event.looked_at = now
        event.save(update_fields=["looked_at"])
    return repair


def _check_mounted(media_store: Store) -> None:
    """Raise StoreMissing if most files of a sample are missing.

    The sample is taken before each loss and from all folders. One round alone may see only a few
    files, and many such rounds would give up all of them.
    """
    files = StoredFile.objects.store_sample()
    missing = sum(not media_store.exists(file.name) for file in files)
    if missing > MAX_MISSING and 2 * missing > len(files):
        raise StoreMissing(
            f"{missing} of {len(files)} sampled files are missing: is the media folder mounted?"
        )


def _blocks(opened: BinaryIO) -> Iterator[bytes]:
    try:
        while block := opened.read(BLOCK):
            yield block
    except OSError as error:
        # EIO is a bad sector, so the file is damaged. Other errors say nothing about the file.
        if error.errno != errno.EIO:
            raise


def _next_group(before: datetime, last: StoredFile | None) -> list[StoredFile]:
    files = StoredFile.objects.verified_before(before)
    if last is not None:
        later = Q(verified_at=last.verified_at, pk__gt=last.pk)
        files = files.filter(Q(verified_at__gt=last.verified_at) | later)
    return list(files[:GROUP_SIZE])


def _is_removed(seen: FileCheck, media_store: Store) -> bool:
    """Move damaged bytes to quarantine. Returns False if a download has replaced them meanwhile."""
    if not seen.sha256:
        return not media_store.exists(seen.file.name)
    return media_store.move(seen.file.name, quarantined_name(seen.sha256), inode=seen.inode)


def _note_quarantined(seen: FileCheck, event: FixityEvent, now: datetime) -> None:
    Quarantined.objects.create(
        # Bytes of several assets belong to none of them, because the erasure of one asset would
        # delete the evidence of the others.
        asset_id=event.assets[0] if len(event.assets) == 1 else None,
        reason=Quarantined.Reason.DAMAGED,
        sha256=seen.sha256,
        size=seen.size,
        expected_sha256=event.sha256,
        error=f"{event.size} bytes of another digest were stored as {event.name}",
        found_at=now,
    )


def _find_bytes(event: FixityEvent) -> FixityEvent.Repair | None:
    """Look for the bytes in the store, then in the other copy; copy them into the store."""
    if store.has_digest(store.default().root / event.name, event.sha256):
        return FixityEvent.Repair.RETURNED
    if settings.MEDIA_COPY is not None and _is_copied(settings.MEDIA_COPY / event.name, event):
        return FixityEvent.Repair.COPY
    return None


def _is_copied(source: Path, event: FixityEvent) -> bool:
    """Copy the bytes from the other copy; return whether it had the right ones."""
    try:
        return store.default().copy(source, event.name, event.sha256)
    except OSError as error:  # a failure of either disk; the next round tries again
        log.warning("fixity.not_copied", file=event.name, error=error.strerror)
        return False


def _is_replaced(event: FixityEvent) -> bool:
    """Return whether the file was only a poster, and all its videos have another one now."""
    videos = StoredFile.objects.filter(pk__in=event.posters_of)
    return bool(event.posters_of) and not event.assets and not videos.filter(poster=None).exists()
