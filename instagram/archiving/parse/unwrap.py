"""Finds the part of an answer that matters, however the provider wrapped it.

The same Instagram object arrives bare, in `data`, `data.data`, `data.user`, `graphql.user`, `node`,
`response` and so on. So nothing here follows a fixed path: `layers` opens every known wrapper,
outermost first, and readers take the first layer that they recognise by its own keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core import failures
from core.utils.errors import (
    CoreAPIError,
    NoSuchProfile,
    NotAvailable,
    PrivateProfile,
    UnexpectedPayload,
)
from instagram.archiving.parse import values
from instagram.archiving.parse.storable import storable
from instagram.archiving.records import Raw

_WRAPPERS = (
    "data",
    "response",
    "graphql",
    "user",
    "node",
    "xdt_api__v1__feed__reels_media",
    "xdt_api__v1__media__shortcode__web_info",
)
_MAX_WRAPPERS = 5
_ENTRY_WRAPPERS = ("node", "media", "media_or_ad")


@dataclass(frozen=True, slots=True)
class Listing:
    """A list as found: `holder` is the object that carries its entries and its cursor."""

    entries: Sequence[object]
    holder: Raw


def layers(payload: object) -> list[Raw]:
    """The payload, cleaned for storage, and everything in its wrappers, outermost first.

    Raises NotAvailable or PrivateProfile where a layer says that the request failed.
    """
    level = _opened(storable(payload))
    found: list[Raw] = []
    for _ in range(_MAX_WRAPPERS):
        found += level
        level = [inner for layer in level for key in _WRAPPERS for inner in _opened(layer.get(key))]
    for layer in found:
        _refuse_failure(layer)
    return found


def _opened(value: object) -> list[Raw]:
    """`data` is an object in most answers and the list of items itself in some."""
    if isinstance(value, list):
        return [{"items": value}]
    return [value] if isinstance(value, dict) else []


def _refuse_failure(layer: Raw) -> None:
    if not failures.is_failure(layer):
        return
    if failures.says(failures.PRIVATE, layer):
        raise PrivateProfile("the provider may not view this profile")
    raise NotAvailable("the answer reports a failure in its body")


def listing(found: Sequence[Raw], keys: Sequence[str]) -> Listing | None:
    """The first list under one of `keys`: a plain list or a connection with `edges`."""
    for layer in found:
        for key in keys:
            value = layer.get(key)
            if isinstance(value, list):
                return Listing(value, layer)
            edges = values.mapping(value).get("edges")
            if isinstance(edges, list):
                return Listing(edges, values.mapping(value))
    return None


def require_listing(noun: str, found: Sequence[Raw], keys: Sequence[str]) -> Listing:
    """As `listing`, with the right error where there is none or where it is kept from us."""
    held = listing(found, keys)
    if held is None:
        refuse_unknown_profile(found)
        raise unrecognised(noun, found)
    if not held.entries:
        refuse_private(found)
    return held


def entry(value: object) -> Raw:
    """One entry of a list without its `node`, `media` or `media_or_ad`."""
    item = values.mapping(value)
    for key in _ENTRY_WRAPPERS:
        item = values.mapping(item.get(key)) or item
    return item


def missing(holder: Raw, entries: Sequence[object]) -> int | None:
    """How many entries the holder of a list counts and does not show; None where it counts none.

    Stories and highlights are counted as `media_count`, `media_ids` or `count`.
    """
    stated = [values.count(holder.get(key)) for key in ("media_count", "count")]
    if isinstance(ids := holder.get("media_ids"), list):
        stated.append(len({*map(str, ids)}))
    counts = [count for count in stated if count is not None]
    return max(0, max(counts) - len(entries)) if counts else None


def next_cursor(found: Sequence[Raw], holder: Raw) -> str | None:
    """Where the next page starts, None at the end of the list."""
    if _more(holder) is False:
        return None
    # The token of the V2 family stands beside `data`, outside the holder.
    tokens = (layer.get("pagination_token") for layer in found)
    return values.first(*map(_cursor, (*_offers(holder), *tokens)))


def announces_more(holder: Raw) -> bool:
    """Whether the list says that it goes on."""
    return _more(holder) is True


def _more(holder: Raw) -> object:
    page_info, paging = _paging(holder)
    return values.first(
        page_info.get("has_next_page"), paging.get("more_available"), holder.get("more_available")
    )


def _offers(holder: Raw) -> tuple[object, ...]:
    page_info, paging = _paging(holder)
    return page_info.get("end_cursor"), paging.get("max_id"), holder.get("next_max_id")


def _paging(holder: Raw) -> tuple[Raw, Raw]:
    """What GraphQL and the reels of the private API keep about pages, in objects of their own."""
    return values.mapping(holder.get("page_info")), values.mapping(holder.get("paging_info"))


def _cursor(value: object) -> str | None:
    return values.text(value) or values.bare_id(value)


def refuse_private(found: Sequence[Raw]) -> None:
    """Raise PrivateProfile where an empty answer comes with a profile marked as private.

    Without this the empty list would read as "everything was deleted".
    """
    if any(layer.get("is_private") is True for layer in found):
        raise PrivateProfile("the provider shows nothing of a private profile")


def refuse_unknown_profile(found: Sequence[Raw]) -> None:
    """Raise NoSuchProfile where the answer's `user` is null."""
    if any(map(failures.says_no_such_user, found)):
        raise NoSuchProfile("the provider knows no such profile")


def unrecognised(noun: str, found: Sequence[Raw]) -> CoreAPIError:
    """The error for an answer in which no layer holds a `noun`."""
    if any(layer.get("errors") or layer.get("error_type") for layer in found):
        return NotAvailable("the answer holds errors and no data")
    return UnexpectedPayload("no known shape", path=noun, raw=found[0] if found else None)
