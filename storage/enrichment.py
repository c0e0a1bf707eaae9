"""What is read out of stored bytes afterwards: size, blur, perceptual hash, poster.

Apart from the download, because it can be redone and the bytes cannot be fetched again.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone

from core.db.retrying import retry_on_conflict
from storage import claims, fixity, kinds, media, store
from storage.errors import NotMedia, StoreMissing
from storage.models import Asset, Quarantined, StoredFile
from storage.store import quarantined_name

LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 3
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
    """Read the file's facts into its row, or reject it when its bytes cannot be decoded.

    Bytes that are gone, or not those that were stored, are a matter of fixity. Raises StoreMissing
    as that does, and OSError for what else a disk may do.
    """
    try:
        facts = _facts(file)
    except NotMedia as error:
        seen = fixity.look(file, store.default())
        if seen.is_whole:
            reject(file, error)
        else:
            fixity.take_back(seen, timezone.now())
    except FileNotFoundError:
        fixity.take_back(fixity.Seen(file), timezone.now())
    else:
        _write(file, facts)


def reject(file: StoredFile, error: NotMedia) -> None:
    """Put the bytes in quarantine; the assets that had them may try for others a few times.

    The row stays, so that the same bytes are known when they come again.
    """
    now = timezone.now()
    log.warning("enrichment.rejected", file=file.name, error=str(error))
    with transaction.atomic():
        # The file's row first: a download that ends now with the same bytes waits, then sees it.
        StoredFile.objects.filter(pk=file.pk).update(rejected_at=now, enriched_at=now)
        _note_quarantined(file, error, now)
        _take_from_assets(file, error, now)
        _move_to_quarantine(file)


def _note_quarantined(file: StoredFile, error: NotMedia, now: datetime) -> None:
    Quarantined.objects.create(
        asset=Asset.objects.filter(file=file.pk).order_by("pk").first(),
        reason=Quarantined.Reason.UNDECODABLE,
        sha256=file.sha256,
        size=file.size,
        expected_sha256=file.sha256,
        error=str(error),
        found_at=now,
    )


def _take_from_assets(file: StoredFile, error: NotMedia, now: datetime) -> None:
    """An attempt that brought what cannot be decoded is one that failed."""
    may_try = When(attempts__lt=claims.MOST_ODD - 1, then=Value(Asset.State.WANTED))
    Asset.objects.filter(file=file.pk).update(
        state=Case(may_try, default=Value(Asset.State.FAILED)),
        attempts=F("attempts") + 1,
        next_attempt_at=now + timedelta(seconds=claims.FIRST_PAUSE),
        file=None,
        stored_at=None,
        error_code=error.code,
        error=str(error),
        updated_at=now,
    )


def _move_to_quarantine(file: StoredFile) -> None:
    shelf = store.default()
    with shelf.aside() as path:
        shelf.take(file.name, path)
        shelf.put(path, quarantined_name(file.sha256))


def _claim() -> StoredFile | None:
    now = timezone.now()
    with transaction.atomic():
        due = StoredFile.objects.awaiting_enrichment(now)
        file: StoredFile | None = due.select_for_update(skip_locked=True, no_key=True).first()
        if file is not None:
            file.enrichment_attempts += 1
            file.enrichment_lease_until = now + LEASE
            file.save(update_fields=["enrichment_attempts", "enrichment_lease_until"])
    return file


def _return_attempt(file: StoredFile) -> None:
    attempts = file.enrichment_attempts - 1
    StoredFile.objects.filter(pk=file.pk).update(enrichment_attempts=attempts)


def _facts(file: StoredFile) -> media.Facts:
    if file.enrichment_attempts > MOST_ATTEMPTS:
        raise NotMedia(f"its decoder did not survive {MOST_ATTEMPTS} attempts")
    with store.default().open(file.name) as opened:
        return media.examine(opened, file.media_type)


# Tried again after a deadlock: a removal locks a video and its poster in the order of their hashes.
@retry_on_conflict
def _write(file: StoredFile, facts: media.Facts) -> None:
    """Write down what was seen; nothing of a file that was erased while it was decoded."""
    with transaction.atomic():
        rows = StoredFile.objects.filter(pk=file.pk)
        if rows.select_for_update(no_key=True).first() is None:
            return
        poster = _stored_poster(facts.poster, facts) if facts.poster else None
        rows.update(**_columns(facts), duration=facts.duration, poster=poster)


def _stored_poster(jpeg: bytes, facts: media.Facts) -> StoredFile:
    """The poster is a file of its own, and its facts are known already."""
    content = store.keep(jpeg, kinds.JPEG)
    file = claims.files_of([content])[content.sha256]
    StoredFile.objects.filter(pk=file.pk).update(**_columns(facts))
    return file


def _columns(facts: media.Facts) -> dict[str, object]:
    return {
        "width": facts.width,
        "height": facts.height,
        "blur": facts.blur,
        "perceptual_hash": facts.perceptual_hash,
        "enriched_at": timezone.now(),
    }
