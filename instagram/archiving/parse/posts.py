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
# Known units between the posts of a feed, which contain nothing of the profile.
_UNITS = (
    "suggested_users", "suggested_top_accounts", "suggested_businesses", "suggested_hashtags",
    "stories_netego", "clips_netego", "bloks_netego", "ad4ad", "in_feed_survey",
    "end_of_feed_demarcator", "ig_netego", "explore_story",
)  # fmt: skip
_LIKE_EDGES = ("edge_media_preview_like", "edge_liked_by")
_COMMENT_EDGES = ("edge_media_to_comment", "edge_media_to_parent_comment")
_PLAY_COUNTS = ("play_count", "video_play_count", "view_count", "video_view_count")


def posts(payload: object) -> Page[PostRecord]:
    return _page(payload, "posts", _POST_LISTS)


def reels(payload: object) -> Page[PostRecord]:
    """One page of a profile's reels, which are posts as well."""
    return _page(payload, "reels", _REEL_LISTS)


def post(payload: object) -> PostRecord:
    """One post. Raises NotAvailable if the answer has null in its place."""
    found = unwrap.layers(payload)
    item = _single(found)
    try:
        return post_record(item)
    except Unreadable as reason:
        raise reason.at("post", item) from reason


def post_record(value: object) -> PostRecord:
    """Read one item. Raises Unreadable."""
    item = unwrap.entry(value)
    is_carousel = media.is_carousel(item) or _children(item)
    edges_counted = values.mapping(item.get("edge_sidecar_to_children")).get("count")
    hides_likes = item.get("like_and_view_counts_disabled") is True
    return PostRecord(
        instagram_id=media.media_id(item),
        shortcode=values.first(*map(values.shortcode, (item.get("code"), item.get("shortcode")))),
        variant="carousel" if is_carousel else "video" if media.is_video(item) else "normal",
        owner=owners.owner(item),
        coauthors=owners.coauthors(item),
        caption=_caption(item),
        taken_at=media.taken_at(item),
        location=_location(item.get("location")),
        media=_media(item),
        like_count=None if hides_likes else _count(item, "like_count", *_LIKE_EDGES),
        comment_count=_count(item, "comment_count", *_COMMENT_EDGES),
        play_count=values.first(*(values.count(item.get(key)) for key in _PLAY_COUNTS)),
        raw=item,
        counted_media=(
            values.count(item.get("carousel_media_count")) or values.count(edges_counted)
        ),
        is_advertisement=_is_advertisement(item),
    )


def _is_advertisement(item: Raw) -> bool:
    """Whether the item is an advertisement, or a post of the profile that it promotes."""
    return (
        item.get("product_type") == "ad"
        or item.get("is_ad") is True
        or bool(item.get("ad_id") or item.get("injected"))
    )


def _is_left_out(outcome: PostRecord | Rejected) -> bool:
    """Whether an entry that is not a post is a known unit or an advertisement."""
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
        # Without this error the archive would be incomplete, and the stream would succeed.
        lost = Unreadable("next_cursor", "more is announced, but not where it starts")
        outcomes.append(Rejected(lost, listing.holder))
    return page(noun, outcomes, cursor)


def _single(found: list[Raw]) -> Raw:
    for layer in found:
        if "taken_at" in layer or "taken_at_timestamp" in layer:
            return layer
        for value in _post_values(layer):
            if not value:
                raise NotAvailable("the answer holds no post")
            return unwrap.entry(value)
    raise unwrap.unrecognised("post", found)


def _post_values(layer: Raw) -> Iterator[object]:
    """The values under the keys that hold a post; an empty one means that there is no post."""
    yield from (layer[key] for key in _POST_KEYS if key in layer)
    if isinstance(layer.get("items"), list):
        yield next(iter(layer["items"]), None)


def _media(item: Raw) -> tuple[MediaRecord, ...]:
    """The media in carousel order; a post of one medium is its own only child."""
    children = _children(item)
    # Far more than Instagram allows: such an answer is broken, and would fill the database.
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


def _child(index: int, child: Raw) -> MediaRecord:
    """Read one child. Raises Unreadable for the post."""
    # Without the child, the post would be stored as if the carousel were complete.
    try:
        return media.medium(child)
    except Unreadable as reason:
        raise Unreadable(f"carousel_media[{index}].{reason.key}") from reason


def _caption(item: Raw) -> str | None:
    """The caption, "" if the post has none, None if the answer leaves it out."""
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


def _count(item: Raw, key: str, *edges: str) -> int | None:
    counts = (values.mapping(item.get(edge)).get("count") for edge in edges)
    return values.first(values.count(item.get(key)), *map(values.count, counts))
