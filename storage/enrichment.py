"""What is read out of stored bytes afterwards: size, blur, perceptual hash, poster.

Apart from the download, because it can be redone and the bytes cannot be fetched again.
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

MAX_ATTEMPTS = 3
"""Bytes that killed so many processes (a decoder's crash, no memory) are not opened again."""

log = structlog.get_logger(__name__)


def enrich_due(*, seconds: float) -> int:
    """Enrich stored files one after the other until none is due or the time is used up.

    Returns how many. One at a time, so that bytes which kill the process use up no attempt but
    their own. Raises what `enrich` does, and that uses up none.
    """
    until, done = time.monotonic() + seconds, 0
    while time.monotonic() < until and (file := _claim()) is not None:
        try:
            enrich(file)
        except (OSError, StoreMissing):  # the disk failed, not the bytes
            _return_attempt(file)
            raise
        done += 1
    return done


def enrich(file: StoredFile) -> None:
    """Read the file's facts into its row; what cannot be read stays unknown, and says why.

    Bytes that are gone, or not those that were stored, are a matter of fixity. Raises StoreMissing
    as that does, and OSError for what else a disk may do.
    """
    try:
        facts = _facts(file)
    except FileNotFoundError:
        verify.take_back(verify.Seen(file), timezone.now())
        return
    if facts.problem:
        log.warning("enrichment.incomplete", file=file.name, problem=facts.problem)
        seen = verify.look(file, store.default())
        if not seen.is_whole:
            verify.take_back(seen, timezone.now())
            return
    _write(file, facts)


def reexamine() -> int:
    """Make files due again whose facts other decoders could not read; returns how many."""
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


def _return_attempt(file: StoredFile) -> None:
    attempts = file.enrichment_attempts - 1
    StoredFile.objects.filter(pk=file.pk).update(enrichment_attempts=attempts)


def _facts(file: StoredFile) -> probe.Facts:
    if file.enrichment_attempts > MAX_ATTEMPTS:
        return probe.Facts(problem=f"its decoder did not survive {MAX_ATTEMPTS} attempts")
    with store.default().open(file.name) as opened:
        return probe.examine(opened, file.media_type)


# Tried again after a deadlock: a removal locks a video and its poster in the order of their hashes.
@retry_on_conflict
def _write(file: StoredFile, facts: probe.Facts) -> None:
    """Write down what was seen; nothing of a file that was erased while it was decoded."""
    with transaction.atomic():
        rows = StoredFile.objects.filter(pk=file.pk)
        if rows.select_for_update(no_key=True).first() is None:
            return
        poster = _stored_poster(facts.poster, facts) if facts.poster else None
        rows.update(**_columns(facts), duration=facts.duration, poster=poster, **_type(facts))


def _stored_poster(jpeg: bytes, facts: probe.Facts) -> StoredFile:
    """The poster is a file of its own, and its facts are known already."""
    content = store.keep(jpeg, media_types.JPEG)
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


def _type(facts: probe.Facts) -> dict[str, str]:
    """The media type, where the container shows another than its first bytes."""
    return {"media_type": facts.media_type} if facts.media_type else {}
