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
from core.db.writing import update_rows
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
# Afterwards no further file of a group is opened, so that its lease does not end meanwhile.
MAX_GROUP_SECONDS = ENRICHMENT_LEASE.total_seconds() / 2
# The columns that an examination needs. Others are read if bytes turn out to be damaged.
READ = ("sha256", "extension", "media_type", "enrichment_attempts")

JPEG = media_types.JPEG.media_type

Examined = tuple[StoredFile, probe.Facts]

log = structlog.get_logger(__name__)


def enrich_due(*, seconds: float) -> int:
    """Enrich stored files until none is due or the time is used up. Returns how many.

    Raises the errors of `enrich`, which use up no attempt. 3 statements for each group of images, 8
    if videos with posters are among them.
    """
    until, done = time.monotonic() + seconds, 0
    while time.monotonic() < until and (files := _claim()):
        done += enrich(files)
    return done


def enrich(files: Sequence[StoredFile]) -> int:
    """Read the facts of claimed files into their rows. `problem` says why a fact is unknown.

    Missing and damaged files are marked as lost instead. Returns how many files were examined: the
    others are given back when the leases come near their end. Raises StoreMissing if the folder is
    not mounted, and OSError for other failures of the disk.
    """
    until = time.monotonic() + MAX_GROUP_SECONDS
    media_store = store.default()
    examined: list[Examined] = []
    finished = 0
    try:
        while finished < len(files) and (not finished or time.monotonic() < until):
            file = files[finished]
            if (facts := _examine(file, media_store)) is not None:
                examined.append((file, facts))
            finished += 1
    except (OSError, StoreMissing):
        # The file that met the failure keeps its lease, so that it is not tried again at once.
        _return_attempts(files[finished : finished + 1])
        _give_back(files[finished + 1 :])
        raise
    finally:
        _write(examined)
    _give_back(files[finished:])
    return finished


def _examine(file: StoredFile, media_store: store.Store) -> probe.Facts | None:
    """Read the facts. Returns None for a missing or damaged file, which is marked as lost."""
    try:
        facts = _facts(file, media_store)
    except FileNotFoundError:
        verify.mark_lost(verify.FileCheck(file), timezone.now())
        return None
    if facts.problem:
        log.warning("enrichment.incomplete", file=file.name, problem=facts.problem)
        seen = verify.check(file, media_store)
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
    """Claim the oldest due file, and others with it.

    A file that was claimed before comes alone: if it kills the process again, it uses up no attempt
    of another file.
    """
    now = timezone.now()
    with transaction.atomic():
        due = StoredFile.objects.awaiting_enrichment(now).only(*READ)
        files = list(due.select_for_update(skip_locked=True, no_key=True)[:GROUP_SIZE])
        fresh = [file for file in files if file.enrichment_attempts == 0]
        claimed = fresh if fresh[:1] == files[:1] else files[:1]
        for file in claimed:
            file.enrichment_attempts += 1
        StoredFile.objects.filter(pk__in=[file.pk for file in claimed]).update(
            enrichment_attempts=F("enrichment_attempts") + 1,
            enrichment_lease_until=now + ENRICHMENT_LEASE,
        )
    return claimed


def _return_attempts(files: Sequence[StoredFile]) -> None:
    """Give back the attempts, because nothing was learned about the files."""
    rows = StoredFile.objects.filter(pk__in=[file.pk for file in files])
    rows.update(enrichment_attempts=F("enrichment_attempts") - 1)


def _give_back(files: Sequence[StoredFile]) -> None:
    """Release files that were claimed and not opened, for any worker."""
    if files:
        _return_attempts(files)
        rows = StoredFile.objects.filter(pk__in=[file.pk for file in files])
        rows.update(enrichment_lease_until=None)


def _facts(file: StoredFile, media_store: store.Store) -> probe.Facts:
    if file.enrichment_attempts > MAX_ATTEMPTS:
        return probe.Facts(problem=f"the decoder crashed in {MAX_ATTEMPTS} attempts")
    with media_store.open(file.name) as opened:
        return probe.examine(opened, file.media_type)


def _write(examined: Sequence[Examined]) -> None:
    """Write the facts; skip files that were erased while they were decoded."""
    with_poster = [each for each in examined if each[1].poster]
    _write_facts([each for each in examined if not each[1].poster])
    if with_poster:
        _write_posters(with_poster)


# Both are retried after a deadlock: a removal locks files in the order of their hashes.
@retry_on_conflict
def _write_facts(examined: Sequence[Examined]) -> None:
    rows = [
        {"pk": file.pk, "poster_id": None, **_columns(facts, file.media_type)}
        for file, facts in examined
    ]
    update_rows(StoredFile, rows)


@retry_on_conflict
def _write_posters(examined: Sequence[Examined]) -> None:
    """Store the posters as files, and write the facts of the videos and of their posters."""
    with transaction.atomic():
        rows = StoredFile.objects.filter(pk__in=[file.pk for file, _ in examined]).order_by("pk")
        held = {*rows.select_for_update(no_key=True).values_list("pk", flat=True)}
        videos = [(file, facts) for file, facts in examined if file.pk in held]
        contents = {
            file.pk: store.save(poster, media_types.JPEG)
            for file, facts in videos
            if (poster := facts.poster)
        }
        posters = queue.files_of(contents.values())
        by_video = {pk: posters[content.sha256].pk for pk, content in contents.items()}
        of_posters, of_videos = [], []
        for file, facts in videos:
            # The facts of a poster are those of its video, so it is not decoded.
            shown = _columns(replace(facts, media_type=None, duration=None), JPEG)
            of_posters.append({"pk": by_video[file.pk], **shown})
            own = _columns(facts, file.media_type)
            of_videos.append({"pk": file.pk, "poster_id": by_video[file.pk], **own})
        update_rows(StoredFile, of_posters)
        update_rows(StoredFile, of_videos)


def _columns(facts: probe.Facts, media_type: str) -> dict[str, object]:
    return {
        "width": facts.width,
        "height": facts.height,
        "duration": facts.duration,
        "blur": facts.blur,
        "perceptual_hash": facts.perceptual_hash,
        # The container may show another type than the first bytes, such as sound in an MP4.
        "media_type": facts.media_type or media_type,
        "problem": facts.problem,
        "examined_by": probe.DECODERS,
        "enriched_at": timezone.now(),
    }
