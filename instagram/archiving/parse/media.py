"""Reads one image or video: a post of one medium, a child of a carousel, a story.

The families differ in key names only: private API `image_versions2.candidates`, V2
`image_versions.items`, GraphQL `display_resources`; xdt uses the private API's names.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from core import texts
from instagram.archiving.parse import values
from instagram.archiving.parse.pages import Unreadable
from instagram.archiving.records import MediaRecord, Raw

_IMAGE, _VIDEO, _CAROUSEL = 1, 2, 8
# Kinds of posts that are always videos.
_VIDEO_PRODUCTS = ("clips", "igtv", "reels")
# In order of preference, for payloads that offer no list of sizes.
_IMAGE_URLS = ("thumbnail_url", "display_uri", "display_src", "thumbnail_src")


class Candidate(NamedTuple):
    """One size on offer, with an unchecked URL. The lower `rank` wins between equal sizes."""

    url: object
    width: int | None
    height: int | None
    rank: int = 0

    @property
    def area(self) -> int:
        return (self.width or 0) * (self.height or 0)


def medium(item: Raw) -> MediaRecord:
    """The medium with its largest picture and, if it is a video, its largest video."""
    image = largest(_images(item))
    width, height = _dimensions(item, image)
    is_a_video = is_video(item)
    return MediaRecord(
        instagram_id=media_id(item),
        image_url=values.url(image.url) if image else None,
        video_url=_offered_video(item) if is_a_video else None,
        is_video=is_a_video,
        width=width,
        height=height,
        duration=values.seconds(item.get("video_duration")),
        alternative_text=values.bounded(item.get("accessibility_caption"), texts.CAPTION),
    )


def media_id(item: Raw) -> str:
    """The bare media pk. Raises Unreadable."""
    found = values.bare_id(item.get("pk"), item.get("id"), item.get("pk_id"))
    if found is None:
        raise Unreadable("id")
    return found


def taken_at(item: Raw) -> datetime:
    """The time of publication. Raises Unreadable."""
    for key in ("taken_at", "taken_at_timestamp", "taken_at_ts", "taken_at_date"):
        if found := values.moment(item.get(key)):
            return found
    raise Unreadable("taken_at")


def is_carousel(item: Raw) -> bool:
    return _media_type(item) == _CAROUSEL or _typename(item).endswith("Sidecar")


def is_video(item: Raw) -> bool:
    """Whether the item is a video, also if its URL is not offered."""
    signs = [sign for sign in _signs(item) if sign is not None]
    if _offered_video(item) is None:
        # The most reliable sign decides, so that a video without a URL is known to lack a file.
        return next(iter(signs), False)
    # A URL of a video outweighs `media_type`, which some answers lack: reels must not be stored as
    # their covers. It does not outweigh another key that denies a video, if no sign affirms one.
    is_denied = values.flag(item.get("is_video")) is False or _typename(item).endswith("Image")
    return True in signs or not is_denied


def _signs(item: Raw) -> Iterator[bool | None]:
    """The signs for and against a video, the most reliable first; None for an absent key."""
    media_type = _media_type(item)
    yield media_type == _VIDEO if media_type in (_IMAGE, _VIDEO) else None
    yield values.flag(item.get("is_video"))
    yield True if _typename(item).endswith("Video") else None
    yield True if item.get("product_type") in _VIDEO_PRODUCTS else None
    yield True if values.seconds(item.get("video_duration")) else None
    yield True if values.text(item.get("video_dash_manifest")) else None


def _media_type(item: Raw) -> int | None:
    # A number, which some proxies pass on as text.
    return values.count(item.get("media_type"))


def candidates(entries: object) -> Iterator[Candidate]:
    """Read a list of `{url, width, height}` or `{src, config_width, config_height}`."""
    for entry in values.sequence(entries):
        fields = values.mapping(entry)
        yield Candidate(
            values.first(fields.get("url"), fields.get("src")),
            values.pixels(values.first(fields.get("width"), fields.get("config_width"))),
            values.pixels(values.first(fields.get("height"), fields.get("config_height"))),
        )


def largest(offers: Iterable[Candidate]) -> Candidate | None:
    """The candidate of the largest area with a valid URL."""
    # Equal sizes are ordered by rank and path, because the provider lists them in another order in
    # each poll, and another choice would look like a new file.
    valid = (offer for offer in offers if values.url(offer.url))
    return min(valid, key=lambda offer: (-offer.area, offer.rank, _path(offer.url)), default=None)


def _path(url: object) -> str:
    """The part of a URL that is the same in every answer: not the server, nor the signature."""
    try:
        return urlsplit(str(url)).path
    except ValueError:  # such as an unfinished IPv6 address
        return str(url)


def _typename(item: Raw) -> str:
    return values.text(item.get("__typename")) or ""


def _images(item: Raw) -> Iterator[Candidate]:
    dimensions = values.mapping(item.get("dimensions"))
    # GraphQL lists its full picture apart from its resources.
    yield Candidate(
        item.get("display_url"),
        values.pixels(dimensions.get("width")),
        values.pixels(dimensions.get("height")),
    )
    yield from candidates(values.mapping(item.get("image_versions2")).get("candidates"))
    yield from candidates(values.mapping(item.get("image_versions")).get("items"))
    yield from candidates(item.get("display_resources"))
    for rank, key in enumerate(_IMAGE_URLS, start=1):
        yield Candidate(item.get(key), None, None, rank)


def _offered_video(item: Raw) -> str | None:
    chosen = largest(
        [
            *candidates(item.get("video_versions")),
            *candidates(item.get("video_resources")),
            Candidate(item.get("video_url"), None, None, rank=1),
        ]
    )
    return values.url(chosen.url) if chosen else None


def _dimensions(item: Raw, image: Candidate | None) -> tuple[int | None, int | None]:
    """The size of the original if it is stated, else of the chosen picture."""
    stated = values.mapping(item.get("dimensions"))
    width = values.pixels(values.first(item.get("original_width"), stated.get("width")))
    height = values.pixels(values.first(item.get("original_height"), stated.get("height")))
    if width and height:
        return width, height
    return (image.width, image.height) if image else (None, None)
