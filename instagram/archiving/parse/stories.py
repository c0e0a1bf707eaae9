"""Reads the stories of profiles and of highlights, whose answers have the same shape."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from instagram.archiving.parse import media, owners, unwrap, values
from instagram.archiving.parse.pages import Rejected, Unreadable, attempt, page
from instagram.archiving.records import Page, Raw, StoryRecord

_LIFETIME = timedelta(hours=24)
_REEL_LISTS = ("reels_media", "tray", "xdt_api__v1__feed__reels_media__connection", "edges")


def stories(payload: object) -> Page[StoryRecord]:
    return _page(payload, "stories")


def highlight_stories(payload: object) -> Page[StoryRecord]:
    return _page(payload, "highlight_stories")


def story_record(value: object, *, reel: Raw) -> StoryRecord:
    """Read one item of a reel. Raises Unreadable."""
    item = unwrap.entry(value)
    taken_at = media.taken_at(item)
    medium = media.medium(item)
    return StoryRecord(
        instagram_id=medium.instagram_id,
        owner=owners.story_owner(item, reel),
        taken_at=taken_at,
        expires_at=_expires_at(item, taken_at),
        media=medium,
        raw=item,
    )


def _page(payload: object, noun: str) -> Page[StoryRecord]:
    found = unwrap.layers(payload)
    reels = [unwrap.entry(value) for value in _reels(noun, found)]
    outcomes = list(_outcomes(reels))
    if not outcomes:
        unwrap.refuse_private(found)
    missing = [unwrap.missing(reel, values.sequence(reel.get("items"))) for reel in reels]
    counted = [count for count in missing if count is not None]
    return page(noun, outcomes, missing=sum(counted) if counted else None)


def _outcomes(reels: Iterable[Raw]) -> Iterator[StoryRecord | Rejected]:
    for reel in reels:
        items = reel.get("items")
        if not isinstance(items, list):
            # Trays name reels without their items: these stories are unknown, not absent.
            yield Rejected(Unreadable("items"), reel)
            continue
        yield from (attempt(partial(story_record, reel=reel), item) for item in items)


def _reels(noun: str, found: Sequence[Raw]) -> Sequence[object]:
    for layer in found:
        reels = _reels_of(layer)
        if reels is not None:
            return reels
    unwrap.refuse_unknown_profile(found)
    raise unwrap.unrecognised(noun, found)


def _reels_of(layer: Raw) -> Sequence[object] | None:
    """The reels of a layer, None if it has no key for them. `reel: null` means no stories."""
    if isinstance(layer.get("items"), list):
        return [layer]
    if isinstance(layer.get("reels"), dict):
        return list(layer["reels"].values())
    if "reel" in layer and layer["reel"] is None:
        return ()
    if isinstance(values.mapping(layer.get("reel")).get("items"), list):
        return [layer["reel"]]
    listing = unwrap.listing([layer], _REEL_LISTS)
    return listing.entries if listing else None


def _expires_at(item: Raw, taken_at: datetime) -> datetime:
    told = values.first(
        values.moment(item.get("expiring_at")), values.moment(item.get("expiring_at_timestamp"))
    )
    return told if told and told > taken_at else taken_at + _LIFETIME
