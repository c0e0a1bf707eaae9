"""Lets other apps keep stored files, so that no sweep and no erasure deletes them.

    references.register("gallery", kept)    # in AppConfig.ready

    def kept(ids: Collection[int]) -> Iterable[int]:
        return Cover.objects.filter(file__in=ids).values_list("file_id", flat=True)

A reference must be a foreign key to StoredFile, and the transaction that writes it must call `hold`
first. PostgreSQL checks foreign keys only at the commit, so a removal in between would make the
commit fail.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from core.registry import Registry
from storage.models import StoredFile

# Returns which of these StoredFile ids its app keeps, in one statement.
Keeper = Callable[[Collection[int]], Iterable[int]]

_keepers: Registry[Keeper] = Registry()


def register(name: str, keeper: Keeper) -> None:
    """Call the function before files are removed. `name` is the label of its app."""
    _keepers.register(name, keeper)


def kept(ids: Collection[int]) -> set[int]:
    """Return the ids of files that an app keeps. One statement for each app; none without ids."""
    if not ids:
        return set()
    return {file for _, keeper in _keepers for file in keeper(ids)}


def hold(ids: Collection[int]) -> list[StoredFile]:
    """Lock files, so that no removal deletes them before the transaction refers to them.

    Returns the files that still exist, ordered by hash. One statement; waits for a removal in
    progress. Must run inside a transaction.
    """
    # Removals lock in the same order, so that the two do not deadlock.
    files = StoredFile.objects.filter(pk__in=ids).order_by("sha256")
    return list(files.select_for_update(no_key=True))
