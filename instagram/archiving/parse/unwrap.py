"""Finds the objects and lists of an answer inside the provider's wrappers.

The same Instagram object arrives bare, in `data`, `data.data`, `data.user`, `graphql.user`, `node`,
`response` and so on. `layers` therefore opens every known wrapper, outermost first, and readers
take the first layer whose keys they recognise.
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
    """A list and its `holder`, the object that contains the entries and the cursor."""

    entries: Sequence[object]
    holder: Raw


def layers(payload: object) -> list[Raw]:
    """The payload, made safe for storage, and the objects in its wrappers, outermost first.

    Raises NotAvailable or PrivateProfile if a layer reports that the request failed.
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
    # `data` is an object in most answers, and the list of items in some.
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
    """The first list under one of the keys: a plain list, or a connection with `edges`."""
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
    """As `listing`. Raises the matching error if there is no list or the profile is private."""
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
    """The number of entries that the holder counts and does not show; None without a count."""
    # Stories and highlights are counted as `media_count`, `media_ids` or `count`.
    stated = [values.count(holder.get(key)) for key in ("media_count", "count")]
    if isinstance(ids := holder.get("media_ids"), list):
        stated.append(len({*map(str, ids)}))
    counts = [count for count in stated if count is not None]
    return max(0, max(counts) - len(entries)) if counts else None


def next_cursor(found: Sequence[Raw], holder: Raw) -> str | None:
    """The cursor of the next page, None at the end of the list."""
    if _more(holder) is False:
        return None
    page_info, paging = _paging(holder)
    offered = [page_info.get("end_cursor"), paging.get("max_id"), holder.get("next_max_id")]
    # The token of the V2 family is beside `data`, outside the holder.
    offered += [layer.get("pagination_token") for layer in found]
    # Some cursors are ids, and come as numbers.
    return values.first(*(values.text(each) or values.bare_id(each) for each in offered))


def announces_more(holder: Raw) -> bool:
    """Whether the list states that another page follows."""
    return _more(holder) is True


def _more(holder: Raw) -> object:
    page_info, paging = _paging(holder)
    return values.first(
        page_info.get("has_next_page"), paging.get("more_available"), holder.get("more_available")
    )


def _paging(holder: Raw) -> tuple[Raw, Raw]:
    # GraphQL has its cursor in `page_info`, the reels of the private API in `paging_info`.
    return values.mapping(holder.get("page_info")), values.mapping(holder.get("paging_info"))


def refuse_private(found: Sequence[Raw]) -> None:
    """Raise PrivateProfile if an empty answer contains a profile that is marked as private."""
    # An empty list would count as a miss of everything that is stored of the profile.
    if any(layer.get("is_private") is True for layer in found):
        raise PrivateProfile("the provider shows nothing of a private profile")


def refuse_unknown_profile(found: Sequence[Raw]) -> None:
    """Raise NoSuchProfile if the answer's `user` is null."""
    if any(map(failures.says_no_such_user, found)):
        raise NoSuchProfile("the provider knows no such profile")


def unrecognised(noun: str, found: Sequence[Raw]) -> CoreAPIError:
    """The error for an answer without a `noun` in any layer."""
    if any(layer.get("errors") or layer.get("error_type") for layer in found):
        return NotAvailable("the answer holds errors and no data")
    return UnexpectedPayload("no known shape", path=noun, raw=found[0] if found else None)
