"""Deletes files that nothing refers to."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import transaction
from django.db.models import Q

from core.db.deleting import delete_at_once
from storage import references, store
from storage.fixity import quarantine
from storage.models import Asset, FixityEvent, Quarantined, StoredFile


@transaction.atomic
def discard(digests: Collection[str]) -> None:
    """Delete the rows and the bytes of these files, except files that something refers to.

    `storage.references` tells which files other apps keep. Also deletes their posters, their bytes
    in quarantine, and the events of their damage or loss. The number of statements does not depend
    on the number of files. Missing bytes are no error, and a crash or an OSError leaves the rows,
    so the caller can simply repeat the call.
    """
    # The rows stay locked until the bytes are deleted. A download of the same content that ends
    # meanwhile waits for the lock, and then stores its own bytes.
    files = _locked(Q(sha256__in=digests))
    # Posters are read under the lock: an enrichment may have written one since the caller looked.
    files |= _locked(Q(pk__in=[file.poster_id for file in files.values() if file.poster_id]))
    idle = _idle([*files.values()])
    gone = [file.sha256 for file in idle]
    delete_at_once(StoredFile.objects.filter(sha256__in=gone))
    delete_at_once(FixityEvent.objects.filter(sha256__in=gone))
    quarantine.remove(Quarantined.objects.filter(expected_sha256__in=gone))
    media_store = store.default()
    for file in idle:
        media_store.delete(file.name)


def _locked(wanted: Q) -> dict[int, StoredFile]:
    rows = StoredFile.objects.filter(wanted).order_by("sha256").select_for_update()
    return {file.pk: file for file in rows.only("sha256", "extension", "poster", "lost_at")}


def _idle(files: Sequence[StoredFile]) -> list[StoredFile]:
    """Filter files that nothing needs.

    No asset has them or wants them back, no other app keeps them, and they are no poster of a
    video that stays.
    """
    keys = {file.pk for file in files}
    used = {*Asset.objects.filter(file__in=keys).values_list("file_id", flat=True).distinct()}
    used |= references.kept(keys)
    posters = StoredFile.objects.filter(poster__in=keys).values_list("pk", "poster_id")
    shown = {poster for video, poster in posters if video not in keys or video in used}
    kept = used | shown | _wanted_back(files)
    return [file for file in files if file.pk not in kept]


def _wanted_back(files: Sequence[StoredFile]) -> set[int]:
    """Return the keys of lost files whose asset still exists. Only the event names that asset."""
    lost = {file.sha256: file.pk for file in files if file.lost_at is not None}
    if not lost:
        return set()
    events = FixityEvent.objects.without_bytes().filter(sha256__in=lost)
    named = {lost[event.sha256]: event.assets for event in events}
    assets = Asset.objects.filter(pk__in=[pk for pks in named.values() for pk in pks])
    existing = {*assets.values_list("pk", flat=True)}
    return {file for file, pks in named.items() if existing.intersection(pks)}
