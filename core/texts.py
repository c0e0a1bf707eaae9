"""How much of a text is kept and shown. Pure.

Instagram bounds its own texts; a provider, or an attacker behind it, does not. The raw payload
keeps every text whole. A column keeps one character more than the bound, which tells that there was
more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

# Characters. Instagram itself allows 2,200 for a caption, 150 for a biography, 64 for a name and 15
# for the title of a highlight.
CAPTION = 2_500
BIOGRAPHY = 500
NAME = 500
TITLE = 200
BOUNDS = {"caption": CAPTION, "biography": BIOGRAPHY, "full_name": NAME, "title": TITLE}


PAGE_BYTES = 256_000
"""Of the free texts of a page of a list, in UTF-8. Only pages of very long texts reach it."""

Shown = dict[str, Any]


def cut(item: Shown) -> list[str]:
    """Cut the texts of an object to their bounds, in place; returns the names of those cut."""
    long = [name for name, text in _texts(item) if len(text) > BOUNDS[name]]
    for name in long:
        item[name] = item[name][: BOUNDS[name]]
    return long


def fit(items: Sequence[Shown], *, page_bytes: int = PAGE_BYTES) -> None:
    """Cut the longest texts of a page, in place, until all of them together fit.

    Each object whose text is cut names it under `truncated`. Objects inside of others count too.
    """
    holders = [holder for item in items for holder in _holders(item)]
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
    """The largest bound with which the sizes, none above it, add up to no more than the total."""
    left, waiting = total, len(sizes)
    for size in sorted(sizes):
        if size * waiting > left:
            return left // waiting
        left, waiting = left - size, waiting - 1
    return max(sizes, default=0)


def _holders(value: Any) -> Iterator[Shown]:
    """The object and those inside of it that name what was cut."""
    if isinstance(value, dict):
        if "truncated" in value:
            yield value
        for inner in value.values():
            yield from _holders(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _holders(inner)


def _texts(item: Shown) -> list[tuple[str, str]]:
    return [(name, item[name]) for name in BOUNDS if isinstance(item.get(name), str)]
