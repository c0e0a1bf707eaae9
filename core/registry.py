"""Registries: one app offers a plug point, and other apps register entries in `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """Entries by name, in the order in which apps registered them."""

    def __init__(self) -> None:
        self._entries: dict[str, T] = {}

    def register(self, name: str, entry: T) -> None:
        """Add an entry. Raises ValueError if another entry has the name."""
        # The same entry is accepted again, because `AppConfig.ready` may run twice.
        if self._entries.setdefault(name, entry) != entry:
            raise ValueError(f"{name} is registered already")

    def __iter__(self) -> Iterator[tuple[str, T]]:
        return iter([*self._entries.items()])

    def __bool__(self) -> bool:
        return bool(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __getitem__(self, name: str) -> T:
        return self._entries[name]
