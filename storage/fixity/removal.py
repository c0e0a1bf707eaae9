"""Takes bytes away for good, where nothing refers to them any more."""

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
    """Delete the rows and the bytes of these files, except those that something refers to.

    `storage.references` tells what other apps keep. With the files go their posters, what is in
    quarantine of them, and the events of their damage or loss.

    The rows stay locked until the bytes are gone: a download that ends meanwhile with the same
    content waits, and stores its own. Bytes that are gone already are no error, so after a crash or
    an OSError, which leave the rows, the call is simply repeated. The number of statements does not
    depend on the number of files.
    """
    files = _locked(Q(sha256__in=digests))
    # An enrichment may have written a poster since the caller looked: not any more, by the lock.
    files |= _locked(Q(pk__in=[file.poster_id for file in files.values() if file.poster_id]))
    idle = _idle([*files.values()])
    gone = [file.sha256 for file in idle]
    delete_at_once(StoredFile.objects.filter(sha256__in=gone))
    delete_at_once(FixityEvent.objects.filter(sha256__in=gone))
    quarantine.remove(Quarantined.objects.filter(expected_sha256__in=gone))
    shelf = store.default()
    for file in idle:
        shelf.delete(file.name)


def _locked(wanted: Q) -> dict[int, StoredFile]:
    rows = StoredFile.objects.filter(wanted).order_by("sha256").select_for_update()
    return {file.pk: file for file in rows.only("sha256", "extension", "poster", "lost_at")}


def _idle(files: Sequence[StoredFile]) -> list[StoredFile]:
    """Those that nothing needs: no asset has them or wants them back, no other app keeps them.

    Posters are needed by the videos that stay.
    """
    keys = {file.pk for file in files}
    used = {*Asset.objects.filter(file__in=keys).values_list("file_id", flat=True).distinct()}
    used |= references.kept(keys)
    posters = StoredFile.objects.filter(poster__in=keys).values_list("pk", "poster_id")
    shown = {poster for video, poster in posters if video not in keys or video in used}
    kept = used | shown | _wanted_back(files)
    return [file for file in files if file.pk not in kept]


def _wanted_back(files: Sequence[StoredFile]) -> set[int]:
    """Damaged or lost ones of which there is an asset still; only the events name it."""
    lost = {file.sha256: file.pk for file in files if file.lost_at is not None}
    if not lost:
        return set()
    events = FixityEvent.objects.without_bytes().filter(sha256__in=lost)
    named = {lost[event.sha256]: event.assets for event in events}
    assets = Asset.objects.filter(pk__in=[pk for pks in named.values() for pk in pks])
    there = {*assets.values_list("pk", flat=True)}
    return {file for file, pks in named.items() if there.intersection(pks)}
