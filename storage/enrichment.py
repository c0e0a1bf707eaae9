"""Reads facts out of stored files: size in pixels, blur, perceptual hash, poster.

This runs apart from the download. It can be repeated at any time, but an expired URL cannot be
fetched again, so no decoder may delay or fail a download.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from core.db.retrying import retry_on_conflict
from core.db.updating import update_rows
from storage import store
from storage.download import queue
from storage.errors import StoreMissing
from storage.fixity import verify
from storage.formats import media_types, probe
from storage.models import StoredFile
from storage.models.files import ENRICHMENT_LEASE

# A file that killed its process this often (decoder crash, out of memory) is not opened again.
MAX_ATTEMPTS = 3
# Files per claim and commit. Two transactions per file would cost more than its decoding.
GROUP_SIZE = 64

log = structlog.get_logger(__name__)


def enrich_due(*, seconds: float) -> int:
    """Enrich stored files until none is due or the time is used up. Returns how many.

    Raises the errors of `enrich`, which use up no attempt. 3 statements for each group of images.
    """
    until, done = time.monotonic() + seconds, 0
    while time.monotonic() < until and (files := _claim()):
        enrich(files)
        done += len(files)
    return done


def enrich(files: Sequence[StoredFile]) -> None:
    """Read the facts of claimed files into their rows. `problem` says why a fact is unknown.

    Missing and damaged files are marked as lost instead. Raises StoreMissing if the folder is not
    mounted, and OSError for other failures of the disk.
    """
    examined: list[tuple[StoredFile, probe.Facts]] = []
    finished = 0
    try:
        for file in files:
            facts = _examine(file)
            if facts is not None and facts.poster:
                _write_with_poster(file, facts, facts.poster)
            elif facts is not None:
                examined.append((file, facts))
            finished += 1
    except (OSError, StoreMissing):
        _return_attempts(files[finished:])
        raise
    finally:
        _write(examined)


def _examine(file: StoredFile) -> probe.Facts | None:
    """Read the facts. Returns None for a missing or damaged file, which is marked as lost."""
    try:
        facts = _facts(file)
    except FileNotFoundError:
        verify.mark_lost(verify.FileCheck(file), timezone.now())
        return None
    if facts.problem:
        log.warning("enrichment.incomplete", file=file.name, problem=facts.problem)
        seen = verify.check(file, store.default())
        if not seen.is_whole:
            verify.mark_lost(seen, timezone.now())
            return None
    return facts


def reexamine() -> int:
    """Make files due again that another version of the decoders could not read; return how many."""
    unread = StoredFile.objects.exclude(problem="").exclude(examined_by=probe.DECODERS)
    return unread.filter(enriched_at__isnull=False).update(
        enriched_at=None, enrichment_attempts=0, enrichment_lease_until=None
    )


def _claim() -> list[StoredFile]:
    """Claim the oldest due file, and further images with it if it is an image.

    A video comes alone, because it may take as long as many images. So does a file that was claimed
    before: if it kills the process again, it uses up no attempt of another file.
    """
    now = timezone.now()
    with transaction.atomic():
        due = StoredFile.objects.awaiting_enrichment(now)
        files = list(due.select_for_update(skip_locked=True, no_key=True)[:GROUP_SIZE])
        grouped = [file for file in files if _may_be_grouped(file)]
        claimed = grouped if grouped[:1] == files[:1] else files[:1]
        for file in claimed:
            file.enrichment_attempts += 1
        StoredFile.objects.filter(pk__in=[file.pk for file in claimed]).update(
            enrichment_attempts=F("enrichment_attempts") + 1,
            enrichment_lease_until=now + ENRICHMENT_LEASE,
        )
    return claimed


def _may_be_grouped(file: StoredFile) -> bool:
    return file.enrichment_attempts == 0 and file.media_type.startswith("image/")


def _return_attempts(unfinished: Sequence[StoredFile]) -> None:
    """Give back attempts after a failure of the disk, which says nothing about the files.

    The file that met the failure keeps its lease, so that it is not tried again at once.
    """
    rows = StoredFile.objects.filter(pk__in=[file.pk for file in unfinished])
    rows.update(enrichment_attempts=F("enrichment_attempts") - 1)
    rows.exclude(pk=unfinished[0].pk).update(enrichment_lease_until=None)


def _facts(file: StoredFile) -> probe.Facts:
    if file.enrichment_attempts > MAX_ATTEMPTS:
        return probe.Facts(problem=f"the decoder crashed in {MAX_ATTEMPTS} attempts")
    with store.default().open(file.name) as opened:
        return probe.examine(opened, file.media_type)


# Both are retried after a deadlock: a removal locks files in the order of their hashes.
@retry_on_conflict
def _write(examined: Sequence[tuple[StoredFile, probe.Facts]]) -> None:
    """Write the facts of files without a poster in one statement; skip files erased meanwhile."""
    update_rows(
        StoredFile,
        [{"pk": file.pk, **_columns(file, facts)} for file, facts in examined],
        shared={"poster_id": None},
    )


@retry_on_conflict
def _write_with_poster(file: StoredFile, facts: probe.Facts, poster: bytes) -> None:
    """Write the facts and the poster, unless the file was erased while it was decoded."""
    with transaction.atomic():
        rows = StoredFile.objects.filter(pk=file.pk)
        if rows.select_for_update(no_key=True).first() is not None:
            rows.update(**_columns(file, facts), poster=_stored_poster(poster, facts))


def _stored_poster(jpeg: bytes, facts: probe.Facts) -> StoredFile:
    """Store the poster as a file. Its facts are those of the video, so it is not decoded again."""
    content = store.save(jpeg, media_types.JPEG)
    file = queue.files_of([content])[content.sha256]
    columns = _columns(file, replace(facts, media_type=None, duration=None))
    StoredFile.objects.filter(pk=file.pk).update(**columns)
    return file


def _columns(file: StoredFile, facts: probe.Facts) -> dict[str, object]:
    return {
        "width": facts.width,
        "height": facts.height,
        "duration": facts.duration,
        "blur": facts.blur,
        "perceptual_hash": facts.perceptual_hash,
        # The container may show another type than the first bytes, such as sound in an MP4.
        "media_type": facts.media_type or file.media_type,
        "problem": facts.problem,
        "examined_by": probe.DECODERS,
        "enriched_at": timezone.now(),
    }
