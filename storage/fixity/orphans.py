"""Finds and deletes orphans: files without a row, and rows that no asset and no video refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction

from core.db.retrying import retry_on_conflict
from storage import references, store
from storage.fixity import removal
from storage.models import StoredFile
from storage.store import name_of

# Younger files may belong to a download that is about to be committed.
GRACE_PERIOD = timedelta(hours=6)
GROUP_SIZE = 500
# The names that downloads use. Other files in the store were put there by hand.
NAME = re.compile(r"[0-9a-f]{2}/(?P<sha256>[0-9a-f]{64})\.(?P<extension>[a-z0-9]{1,8})")


def files(now: datetime) -> Iterator[str]:
    """Yield the names of files in the store without a row. One statement per 500 files."""
    entries = store.default().entries()
    while group := list(islice(entries, GROUP_SIZE)):
        names = {entry.name for entry in group if entry.changed_at < now - GRACE_PERIOD}
        digests = [name.rpartition("/")[2].partition(".")[0] for name in names]
        known = StoredFile.objects.filter(sha256__in=digests).values_list("sha256", "extension")
        yield from sorted(names - {name_of(*row) for row in known})


def rows(now: datetime) -> list[StoredFile]:
    """Return the rows that nothing refers to, in the order of their keys.

    One statement, and one for each app that keeps files.
    """
    idle = list(StoredFile.objects.unreferenced(now - GRACE_PERIOD).order_by("pk"))
    kept = references.kept([file.pk for file in idle])
    return [file for file in idle if file.pk not in kept]


@retry_on_conflict
@transaction.atomic
def delete_row(file: StoredFile, now: datetime) -> bool:
    """Delete the row and its bytes. Returns False if something refers to the row by now."""
    rows = StoredFile.objects.filter(pk=file.pk)
    if rows.unreferenced(now - GRACE_PERIOD).exists():
        removal.discard([file.sha256])
    return not rows.exists()


@retry_on_conflict
@transaction.atomic
def delete_file(name: str) -> bool:
    """Delete bytes without a row. Returns False and keeps them if a row names them by now."""
    known = NAME.fullmatch(name)
    if known is None:  # no download uses such a name, so there is nothing to wait for
        store.default().delete(name)
        return True
    sha256, extension = known["sha256"], known["extension"]
    # The inserted row serves as a lock: a download that commits the same bytes either waits for
    # this transaction and then notices that they are gone, or this one waits for its row.
    file, is_new = StoredFile.objects.select_for_update().get_or_create(
        sha256=sha256, defaults={"extension": extension, "size": 0}
    )
    if is_new:
        removal.discard([sha256])
    elif file.extension != extension:
        store.default().delete(name)
    return is_new or file.extension != extension
