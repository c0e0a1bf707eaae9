"""Updates the rows when stored bytes are lost, and when they are restored.

A lost file keeps its row, because the facts in it (size, hash, blur) are still true. Its assets are
queued for download again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import structlog
from django.db import transaction

from storage import signals
from storage.models import Asset, FixityEvent, StoredFile

log = structlog.get_logger(__name__)


def mark_lost(file: StoredFile, event: FixityEvent, now: datetime) -> None:
    """Save the event, mark its file as lost and queue its assets again with all attempts.

    Videos whose poster it was are enriched again, which makes another poster. Must run in the
    caller's transaction.
    """
    assets = Asset.objects.filter(file=file.pk)
    videos = StoredFile.objects.filter(poster=file.pk)
    event.assets = sorted(assets.values_list("pk", flat=True))
    event.posters_of = sorted(videos.values_list("pk", flat=True))
    event.save()
    StoredFile.objects.filter(pk=file.pk).update(lost_at=now)
    assets.update(
        state=Asset.State.WANTED,
        file=None,
        stored_at=None,
        attempts=0,
        renewals=0,
        next_attempt_at=now,
        updated_at=now,
    )
    videos.update(poster=None, enriched_at=None, enrichment_attempts=0, enrichment_lease_until=None)
    log.error("fixity.found", kind=event.kind, file=file.name, assets=event.assets)
    signals.files_due.send(Asset)


def restore(event: FixityEvent, repair: FixityEvent.Repair, now: datetime) -> None:
    """Give the file back to its assets and videos, and close the event.

    The caller has just hashed the bytes.
    """
    with transaction.atomic():
        StoredFile.objects.filter(sha256=event.sha256).update(lost_at=None, verified_at=now)
        file = StoredFile.objects.get(sha256=event.sha256)
        wanted = Asset.objects.filter(pk__in=event.assets).exclude(state=Asset.State.STORED)
        wanted.mark_stored(file, now)
        StoredFile.objects.filter(pk__in=event.posters_of, poster=None).update(poster=file)
        event.close(repair, now)
    log.info("fixity.repaired", file=event.name, repair=str(repair))


def restore_stored(files: Iterable[StoredFile], now: datetime) -> None:
    """Close the events of lost files among these, because their bytes were just stored again."""
    lost = [file.sha256 for file in files if file.lost_at is not None]
    if not lost:
        return
    StoredFile.objects.filter(sha256__in=lost).update(lost_at=None, verified_at=now)
    for event in FixityEvent.objects.open().filter(sha256__in=lost):
        restore(event, FixityEvent.Repair.AGAIN, now)
