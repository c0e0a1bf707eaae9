"""What nobody refers to: files without a row, and rows that no asset and no video has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction

from storage import store
from storage.models import StoredFile
from storage.store import name_of

GRACE = timedelta(hours=6)
"""Younger ones may belong to a download that is about to be committed."""
GROUP = 500


def files(now: datetime) -> Iterator[str]:
    """The names of files in the store that no row names. A statement for each 500 files."""
    entries = store.default().entries()
    while group := list(islice(entries, GROUP)):
        names = {entry.name for entry in group if entry.changed_at < now - GRACE}
        yield from sorted(names - _named(names))


def rows(now: datetime) -> list[StoredFile]:
    """The rows that nobody refers to, in the order of their keys. One statement."""
    return list(StoredFile.objects.unreferenced(now - GRACE).order_by("pk"))


def delete_row(file: StoredFile, now: datetime) -> bool:
    """Delete the row and its bytes; False where it has come into use meanwhile."""
    with transaction.atomic():
        idle = StoredFile.objects.unreferenced(now - GRACE).filter(pk=file.pk)
        if idle.select_for_update(of=("self",)).first() is None:
            return False
        StoredFile.objects.filter(pk=file.pk).delete()
    return delete_file(file.name)


def delete_file(name: str) -> bool:
    """Delete bytes that no row names; False, and they stay, where one does by now.

    They are taken away first and looked up then: a download of the same bytes either misses them
    and stores its own, or has written its row.
    """
    shelf = store.default()
    with shelf.aside() as path:
        with suppress(FileNotFoundError):  # somebody else deletes it too
            shelf.take(name, path)
        if not path.exists() or not _named({name}):
            return True
        shelf.put(path, name)
    return False


def _named(names: set[str]) -> set[str]:
    digests = [name.rpartition("/")[2].partition(".")[0] for name in names]
    rows = StoredFile.objects.filter(sha256__in=digests)
    return {name_of(*row) for row in rows.values_list("sha256", "extension")}
