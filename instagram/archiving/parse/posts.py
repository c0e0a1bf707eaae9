"""Reads posts and reels of all families."""

from collections.abc import Iterator

from core import texts
from core.utils.errors import NotAvailable
from instagram.archiving.parse import media, owners, unwrap, values
from instagram.archiving.parse.pages import Rejected, Unreadable, attempt, page, unique
from instagram.archiving.records import (
    LocationRecord,
    MediaRecord,
    Page,
    PostRecord,
    Raw,
    Variant,
)

_POST_LISTS = (
    "items",
    "feed_items",
    "xdt_api__v1__feed__user_timeline_graphql_connection",
    "edge_owner_to_timeline_media",
    "edge_felix_video_timeline",
    "edges",
)
_REEL_LISTS = (
    "items",
    "xdt_api__v1__clips__user__connection_v2",
    "edge_felix_video_timeline",
    "edges",
)
_POST_KEYS = ("shortcode_media", "xdt_shortcode_media")
_MAX_CHILDREN = 100  # Instagram allows 20
# Units between the posts of a feed that are understood, and hold nothing of the profile's.
_UNITS = (
    "suggested_users", "suggested_top_accounts", "suggested_businesses", "suggested_hashtags",
    "stories_netego", "clips_netego", "bloks_netego", "ad4ad", "in_feed_survey",
    "end_of_feed_demarcator", "ig_netego", "explore_story",
)  # fmt: skip
_PLAY_COUNTS = ("play_count", "video_play_count", "view_count", "video_view_count")


def posts(payload: object) -> Page[PostRecord]:
    """One page of a profile's posts."""
    return _page(payload, "posts", _POST_LISTS)


def reels(payload: object) -> Page[PostRecord]:
    """One page of a profile's reels, which are posts too."""
    return _page(payload, "reels", _REEL_LISTS)


def post(payload: object) -> PostRecord:
    """One post. Raises NotAvailable where the answer holds an empty place instead of it."""
    found = unwrap.layers(payload)
    item = _single(found)
    try:
        return post_record(item)
    except Unreadable as reason:
        raise reason.at("post", item) from reason


def post_record(value: object) -> PostRecord:
    """Turn one upstream item into a record. Raises Unreadable."""
    item = unwrap.entry(value)
    return PostRecord(
        instagram_id=media.media_id(item),
        shortcode=values.first(*map(values.shortcode, (item.get("code"), item.get("shortcode")))),
        variant=_variant(item),
        owner=owners.owner(item),
        coauthors=owners.coauthors(item),
        caption=_caption(item),
        taken_at=media.taken_at(item),
        location=_location(item.get("location")),
        media=_media(item),
        like_count=_like_count(item),
        comment_count=_comment_count(item),
        play_count=values.first(*(values.count(item.get(key)) for key in _PLAY_COUNTS)),
        raw=item,
        counted_media=values.count(item.get("carousel_media_count")) or _counted_edges(item),
        is_advertisement=_is_advertisement(item),
    )


def _is_advertisement(item: Raw) -> bool:
    """Whether the item is an advertisement: somebody else's, or the profile's own promoted post."""
    return (
        item.get("product_type") == "ad"
        or item.get("is_ad") is True
        or bool(item.get("ad_id") or item.get("injected"))
    )


def _is_left_out(outcome: PostRecord | Rejected) -> bool:
    """Whether an entry is understood to be no post of anybody's: a unit, an odd advertisement."""
    if not isinstance(outcome, Rejected):
        return False
    entry = unwrap.entry(outcome.raw)
    return _is_advertisement(entry) or any(key in entry for key in _UNITS)


def _page(payload: object, noun: str, keys: tuple[str, ...]) -> Page[PostRecord]:
    found = unwrap.layers(payload)
    listing = unwrap.require_listing(noun, found, keys)
    attempts = (attempt(post_record, entry) for entry in listing.entries)
    outcomes = [outcome for outcome in attempts if not _is_left_out(outcome)]
    cursor = unwrap.next_cursor(found, listing.holder)
    if cursor is None and unwrap.announces_more(listing.holder):
        # Taken as the end of the list, this would leave the archive incomplete without a word.
        lost = Unreadable("next_cursor", "more is announced, but not where it starts")
        outcomes.append(Rejected(lost, listing.holder))
    return page(noun, outcomes, cursor)


def _single(found: list[Raw]) -> Raw:
    for layer in found:
        if "taken_at" in layer or "taken_at_timestamp" in layer:
            return layer
        for place in _places(layer):
            if not place:
                raise NotAvailable("the answer holds no post")
            return unwrap.entry(place)
    raise unwrap.unrecognised("post", found)


def _places(layer: Raw) -> Iterator[object]:
    """Where a layer keeps its post, if it does; empty where the post should be and is not."""
    yield from (layer[key] for key in _POST_KEYS if key in layer)
    if isinstance(layer.get("items"), list):
        yield next(iter(layer["items"]), None)


def _variant(item: Raw) -> Variant:
    if media.is_carousel(item) or _children(item):
        return "carousel"
    return "video" if media.is_video(item) else "normal"


def _media(item: Raw) -> tuple[MediaRecord, ...]:
    """The media in carousel order, each once; a post of one medium is its own only child."""
    children = _children(item)
    if len(children) > _MAX_CHILDREN:
        raise Unreadable("carousel_media", "more children than any carousel has")
    if children:
        return unique(_child(index, child) for index, child in enumerate(children))
    if media.is_carousel(item):
        raise Unreadable("carousel_media")
    return (media.medium(item),)


def _children(item: Raw) -> list[Raw]:
    edges = values.mapping(item.get("edge_sidecar_to_children")).get("edges")
    children = values.sequence(item.get("carousel_media")) or values.sequence(edges)
    return [unwrap.entry(child) for child in children]


def _counted_edges(item: Raw) -> int | None:
    return values.count(values.mapping(item.get("edge_sidecar_to_children")).get("count"))


def _child(index: int, child: Raw) -> MediaRecord:
    """One child. Its failure is the post's: with a gap it would be stored as if complete."""
    try:
        return media.medium(child)
    except Unreadable as reason:
        raise Unreadable(f"carousel_media[{index}].{reason.key}") from reason


def _caption(item: Raw) -> str | None:
    """The caption, "" for a post known to have none, None where the payload does not say."""
    if "edge_media_to_caption" in item:
        return _edge_caption(item["edge_media_to_caption"])
    if "caption" not in item:
        return None
    caption = item["caption"]
    if caption is None:
        return ""
    return values.bounded(values.mapping(caption).get("text", caption), texts.CAPTION)


def _edge_caption(value: object) -> str | None:
    edges = values.mapping(value).get("edges")
    if edges == []:
        return ""
    node = unwrap.entry(next(iter(values.sequence(edges)), None))
    return values.bounded(node.get("text"), texts.CAPTION)


def _location(value: object) -> LocationRecord | None:
    place = values.mapping(value)
    found = LocationRecord(
        instagram_id=values.bare_id(place.get("pk"), place.get("id")),
        name=values.display_name(place.get("name")),
        latitude=values.decimal(place.get("lat"), lowest=-90, highest=90),
        longitude=values.decimal(place.get("lng"), lowest=-180, highest=180),
    )
    return found if found.instagram_id or found.name else None


def _like_count(item: Raw) -> int | None:
    if item.get("like_and_view_counts_disabled") is True:
        return None
    return _count(item, "like_count", "edge_media_preview_like", "edge_liked_by")


def _comment_count(item: Raw) -> int | None:
    return _count(item, "comment_count", "edge_media_to_comment", "edge_media_to_parent_comment")


def _count(item: Raw, key: str, *edges: str) -> int | None:
    counts = (values.mapping(item.get(edge)).get("count") for edge in edges)
    return values.first(values.count(item.get(key)), *map(values.count, counts))
