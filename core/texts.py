"""Limits of the texts that are stored and shown. Pure.

Instagram limits its texts, but a provider, or an attacker behind it, does not. The raw payload
keeps each text whole. A column keeps one character more than the limit, which shows that the text
was cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

# Characters. Instagram itself allows 2,200 for a caption, 150 for a biography, 64 for a name and 15
# for the title of a highlight.
CAPTION = 2_500
BIOGRAPHY = 500
NAME = 500
TITLE = 200
BOUNDS = {"caption": CAPTION, "biography": BIOGRAPHY, "full_name": NAME, "title": TITLE}


PAGE_BYTES = 256_000
"""The total of the free texts on a page of a list, in UTF-8 bytes. Only extreme pages reach it."""

Shown = dict[str, Any]


def cut(item: Shown) -> list[str]:
    """Cut the texts of an object to their limits, in place; returns the names of the cut fields."""
    long = [name for name, bound in BOUNDS.items() if len(item.get(name) or "") > bound]
    for name in long:
        item[name] = item[name][: BOUNDS[name]]
    return long


def fit(items: Sequence[Shown], *, page_bytes: int = PAGE_BYTES) -> None:
    """Cut the longest texts of a page, in place, until the total fits.

    Each object with a cut text lists it under `truncated`. Nested objects count too.
    """
    holders = [*_holders(items)]
    places = [(holder, name) for holder in holders for name, _ in _texts(holder)]
    sizes = [len(holder[name].encode()) for holder, name in places]
    if sum(sizes) <= page_bytes:
        return
    bound = _common_bound(sizes, page_bytes)
    for (holder, name), size in zip(places, sizes, strict=True):
        if size > bound:
            holder[name] = holder[name].encode()[:bound].decode(errors="ignore")
            holder["truncated"] = list(dict.fromkeys([*holder["truncated"], name]))


def _common_bound(sizes: Sequence[int], total: int) -> int:
    """The largest limit for which the limited sizes add up to no more than the total."""
    left, waiting = total, len(sizes)
    for size in sorted(sizes):
        if size * waiting > left:
            return left // waiting
        left, waiting = left - size, waiting - 1
    return max(sizes, default=0)


def _holders(items: Iterable[Shown]) -> Iterator[Shown]:
    """The objects, and the objects in them, that have a `truncated` list."""
    containers: list[Any] = [*items]
    for container in containers:  # the list grows meanwhile
        if "truncated" in container and isinstance(container, dict):
            yield container
        inner = container.values() if isinstance(container, dict) else container
        containers += [each for each in inner if isinstance(each, dict | list)]


def _texts(item: Shown) -> list[tuple[str, str]]:
    return [(name, item[name]) for name in BOUNDS if isinstance(item.get(name), str)]
