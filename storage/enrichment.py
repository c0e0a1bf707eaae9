"""Reads facts out of stored files: size in pixels, blur, perceptual hash, poster.

This runs apart from the download. It can be repeated at any time, but an expired URL cannot be
fetched again, so no decoder may delay or fail a download.
"""

from __future__ import annotations

import time

import structlog
from django.db import transaction
from django.utils import timezone

from core.db.retrying import retry_on_conflict
from storage import store
from storage.download import queue
from storage.errors import StoreMissing
from storage.fixity import verify
from storage.formats import media_types, probe
from storage.models import StoredFile
from storage.models.files import ENRICHMENT_LEASE

# A file that killed its process this often (decoder crash, out of memory) is not opened again.
MAX_ATTEMPTS = 3

log = structlog.get_logger(__name__)


def enrich_due(*, seconds: float) -> int:
    """Enrich stored files until none is due or the time is used up. Returns how many.

    Files are claimed one at a time, so a file that kills the process uses up only its own attempt.
    Raises the errors of `enrich`, which use up none.
    """
    until, done = time.monotonic() + seconds, 0
    while time.monotonic() < until and (file := _claim()) is not None:
        try:
            enrich(file)
        except (OSError, StoreMissing):
            # A failure of the disk says nothing about the file, so the attempt does not count.
            attempts = file.enrichment_attempts - 1
            StoredFile.objects.filter(pk=file.pk).update(enrichment_attempts=attempts)
            raise
        done += 1
    return done


def enrich(file: StoredFile) -> None:
    """Read the file's facts into its row. `problem` says why a fact is unknown.

    A missing or damaged file is marked as lost instead. Raises StoreMissing if the folder is not
    mounted, and OSError for other failures of the disk.
    """
    try:
        facts = _facts(file)
    except FileNotFoundError:
        verify.mark_lost(verify.FileCheck(file), timezone.now())
        return
    if facts.problem:
        log.warning("enrichment.incomplete", file=file.name, problem=facts.problem)
        seen = verify.check(file, store.default())
        if not seen.is_whole:
            verify.mark_lost(seen, timezone.now())
            return
    _write(file, facts)


def reexamine() -> int:
    """Make files due again that another version of the decoders could not read; return how many."""
    unread = StoredFile.objects.exclude(problem="").exclude(examined_by=probe.DECODERS)
    return unread.filter(enriched_at__isnull=False).update(
        enriched_at=None, enrichment_attempts=0, enrichment_lease_until=None
    )


def _claim() -> StoredFile | None:
    now = timezone.now()
    with transaction.atomic():
        due = StoredFile.objects.awaiting_enrichment(now)
        file: StoredFile | None = due.select_for_update(skip_locked=True, no_key=True).first()
        if file is not None:
            file.enrichment_attempts += 1
            file.enrichment_lease_until = now + ENRICHMENT_LEASE
            file.save(update_fields=["enrichment_attempts", "enrichment_lease_until"])
    return file


def _facts(file: StoredFile) -> probe.Facts:
    if file.enrichment_attempts > MAX_ATTEMPTS:
        return probe.Facts(problem=f"the decoder crashed in {MAX_ATTEMPTS} attempts")
    with store.default().open(file.name) as opened:
        return probe.examine(opened, file.media_type)


# Retried after a deadlock: a removal locks a video and its poster in the order of their hashes.
@retry_on_conflict
def _write(file: StoredFile, facts: probe.Facts) -> None:
    """Write the facts, unless the file was erased while it was decoded."""
    with transaction.atomic():
        rows = StoredFile.objects.filter(pk=file.pk)
        if rows.select_for_update(no_key=True).first() is None:
            return
        poster = _stored_poster(facts.poster, facts) if facts.poster else None
        # The container may show another type than the first bytes, such as sound in an MP4.
        media_type = {"media_type": facts.media_type} if facts.media_type else {}
        rows.update(**_columns(facts), duration=facts.duration, poster=poster, **media_type)


def _stored_poster(jpeg: bytes, facts: probe.Facts) -> StoredFile:
    """Store the poster as a file. Its facts are those of the video, so it is not decoded again."""
    content = store.save(jpeg, media_types.JPEG)
    file = queue.files_of([content])[content.sha256]
    StoredFile.objects.filter(pk=file.pk).update(**_columns(facts))
    return file


def _columns(facts: probe.Facts) -> dict[str, object]:
    return {
        "width": facts.width,
        "height": facts.height,
        "blur": facts.blur,
        "perceptual_hash": facts.perceptual_hash,
        "problem": facts.problem,
        "examined_by": probe.DECODERS,
        "enriched_at": timezone.now(),
    }
