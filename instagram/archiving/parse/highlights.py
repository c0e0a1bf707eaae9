"""Reads a profile's tray of highlights."""

from core import texts
from instagram.archiving.parse import unwrap, values
from instagram.archiving.parse.pages import Unreadable, attempt, page
from instagram.archiving.records import HighlightRecord, Page, Raw

_HIGHLIGHT_LISTS = ("tray", "items", "edge_highlight_reels", "highlights", "edges")
_PREFIX = "highlight:"
# A tray may hold reels of active stories too; only highlights carry one of these.
_SIGNS = ("title", "cover_media", "cover_media_cropped_thumbnail")
_EDITED = ("updated_timestamp", "latest_reel_media")
# The keys of covers and of their URLs, in order of preference.
_COVERS = ("full_image_version", "cropped_image_version")
_COVER_URLS = ("thumbnail_src", "thumbnail_url", "url")
_ITEM_URLS = ("cover", "cover_url", "thumbnail_url")


def highlights(payload: object) -> Page[HighlightRecord]:
    """The highlights in tray order, without their stories."""
    found = unwrap.layers(payload)
    listing = unwrap.require_listing("highlights", found, _HIGHLIGHT_LISTS)
    outcomes = (attempt(highlight_record, entry) for entry in listing.entries)
    return page(
        "highlights",
        outcomes,
        unwrap.next_cursor(found, listing.holder),
        missing=unwrap.missing(listing.holder, listing.entries),
    )


def highlight_record(value: object) -> HighlightRecord:
    """Read one item. Raises Unreadable."""
    item = unwrap.entry(value)
    return HighlightRecord(
        instagram_id=_highlight_id(item),
        title=values.bounded(item.get("title"), texts.TITLE),
        cover_url=_cover_url(item),
        media_count=values.count(item.get("media_count")),
        edited_at=values.first(*(values.moment(item.get(key)) for key in _EDITED)),
        raw=item,
    )


def _highlight_id(item: Raw) -> str:
    told = values.text(item.get("id")) or ""
    if not (told.startswith(_PREFIX) or any(sign in item for sign in _SIGNS)):
        raise Unreadable("title", "not a highlight")
    found = values.bare_id(told.removeprefix(_PREFIX), item.get("pk"), item.get("id"))
    if found is None:
        raise Unreadable("id")
    return found


def _cover_url(item: Raw) -> str | None:
    cover = values.mapping(item.get("cover_media"))
    offers = [values.mapping(cover.get(key)).get("url") for key in _COVERS]
    offers += [cover.get(key) for key in _COVER_URLS]
    offers.append(values.mapping(item.get("cover_media_cropped_thumbnail")).get("url"))
    offers += [item.get(key) for key in _ITEM_URLS]
    return values.first(*map(values.url, offers))
