"""Which stored files other apps keep, so that no sweep and no erasure takes them.

    references.register("gallery", kept)    # in AppConfig.ready

    def kept(ids: Collection[int]) -> Iterable[int]:
        return Cover.objects.filter(file__in=ids).values_list("file_id", flat=True)

A reference has to be a foreign key to StoredFile, and the transaction that writes it calls `hold`
first. PostgreSQL checks foreign keys only at the commit, and a removal in between would fail it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from core.registry import Registry
from storage.models import StoredFile

# Returns which of these StoredFile ids its app keeps, in one statement.
Keeper = Callable[[Collection[int]], Iterable[int]]

_keepers: Registry[Keeper] = Registry()


def register(name: str, keeper: Keeper) -> None:
    """Ask the function before a file is removed. `name` is the label of its app."""
    _keepers.register(name, keeper)


def kept(ids: Collection[int]) -> set[int]:
    """Those of the files that some app keeps. A statement for each app; none without ids."""
    if not ids:
        return set()
    return {file for _, keeper in _keepers for file in keeper(ids)}


def hold(ids: Collection[int]) -> list[StoredFile]:
    """Lock files, so that no removal takes them before the transaction refers to them.

    Returns those that are there, in the order of their content. One statement; waits for a removal
    at work. Must run inside a transaction.
    """
    files = StoredFile.objects.filter(pk__in=ids).order_by("sha256")  # the order of removals
    return list(files.select_for_update(no_key=True))
