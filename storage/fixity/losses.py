"""What follows from damage and loss in the rows: taken back, and put right when the bytes are back.

A lost file keeps its row, so that nothing known of it is lost with it; its assets are wanted again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import structlog
from django.db import transaction

from storage import signals
from storage.models import Asset, FixityEvent, StoredFile

log = structlog.get_logger(__name__)


def take_back(file: StoredFile, event: FixityEvent, now: datetime) -> None:
    """Write the event, and that its file is no longer stored. In the caller's transaction.

    Its assets are wanted again with all their attempts; videos lose it as their poster, and make
    another one.
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


def put_right(event: FixityEvent, repair: FixityEvent.Repair, now: datetime) -> None:
    """The bytes are back under their name, and were hashed just now: everything has them again."""
    with transaction.atomic():
        StoredFile.objects.filter(sha256=event.sha256).update(lost_at=None, verified_at=now)
        file = StoredFile.objects.get(sha256=event.sha256)
        wanted = Asset.objects.filter(pk__in=event.assets).exclude(state=Asset.State.STORED)
        wanted.give(file, now)
        StoredFile.objects.filter(pk__in=event.posters_of, poster=None).update(poster=file)
        event.close(repair, now)
    log.info("fixity.repaired", file=event.name, repair=str(repair))


def found_again(files: Iterable[StoredFile], now: datetime) -> None:
    """Bytes of these rows were stored just now; close the events of those that had been lost."""
    lost = [file.sha256 for file in files if file.lost_at is not None]
    if not lost:
        return
    StoredFile.objects.filter(sha256__in=lost).update(lost_at=None, verified_at=now)
    for event in FixityEvent.objects.open().filter(sha256__in=lost):
        put_right(event, FixityEvent.Repair.AGAIN, now)
