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
# Kinds of posts that are videos always.
_VIDEO_PRODUCTS = ("clips", "igtv", "reels")
# In order of preference, for payloads that offer no list of sizes.
_IMAGE_URLS = ("thumbnail_url", "display_uri", "display_src", "thumbnail_src")


class Candidate(NamedTuple):
    """One size on offer. The address is checked only when the candidate is chosen.

    `rank` orders candidates of unknown size: the lower one is preferred.
    """

    url: object
    width: int | None
    height: int | None
    rank: int = 0

    @property
    def area(self) -> int:
        return (self.width or 0) * (self.height or 0)


def medium(item: Raw) -> MediaRecord:
    """The medium with its largest picture and, for a video, its largest stream."""
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
    """When the medium was published. Raises Unreadable."""
    for key in ("taken_at", "taken_at_timestamp", "taken_at_ts", "taken_at_date"):
        if found := values.moment(item.get(key)):
            return found
    raise Unreadable("taken_at")


def is_carousel(item: Raw) -> bool:
    return _media_type(item) == _CAROUSEL or _kind(item).endswith("Sidecar")


def is_video(item: Raw) -> bool:
    """Whether the item is a video.

    An address of a video makes one, whatever `media_type` says or lacks, unless the item denies it
    in other words and nowhere says that it is a video. Without an address, the first sign that the
    family gives decides, so that a video whose address is not offered yet is known to be missing.
    """
    said = [sign for sign in _signs(item) if sign is not None]
    if _offered_video(item) is None:
        return next(iter(said), False)
    return True in said or not _denies_video(item)


def _signs(item: Raw) -> Iterator[bool | None]:
    """What the item says of being a video, the most reliable sign first; None: nothing."""
    media_type = _media_type(item)
    yield media_type == _VIDEO if media_type in (_IMAGE, _VIDEO) else None
    yield values.flag(item.get("is_video"))
    yield True if _kind(item).endswith("Video") else None
    yield True if item.get("product_type") in _VIDEO_PRODUCTS else None
    yield True if values.seconds(item.get("video_duration")) else None
    yield True if values.text(item.get("video_dash_manifest")) else None


def _denies_video(item: Raw) -> bool:
    return values.flag(item.get("is_video")) is False or _kind(item).endswith("Image")


def _media_type(item: Raw) -> int | None:
    """1, 2 or 8; some clients pass it on as text."""
    return values.count(item.get("media_type"))


def candidates(entries: object) -> Iterator[Candidate]:
    """The sizes in a list of `{url, width, height}` or `{src, config_width, config_height}`."""
    for entry in values.sequence(entries):
        fields = values.mapping(entry)
        yield Candidate(
            values.first(fields.get("url"), fields.get("src")),
            values.pixels(values.first(fields.get("width"), fields.get("config_width"))),
            values.pixels(values.first(fields.get("height"), fields.get("config_height"))),
        )


def largest(offers: Iterable[Candidate]) -> Candidate | None:
    """The valid candidate of the largest area.

    Of equals the one of lower rank, then of the lesser path: the order in which a provider lists
    them changes from poll to poll, and must not look like another file.
    """
    valid = (offer for offer in offers if values.url(offer.url))
    return min(valid, key=lambda offer: (-offer.area, offer.rank, _path(offer.url)), default=None)


def _path(url: object) -> str:
    """The path without its server, which differs from answer to answer as the signature does."""
    try:
        return urlsplit(str(url)).path
    except ValueError:  # such as an unfinished IPv6 address
        return str(url)


def _kind(item: Raw) -> str:
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
    chosen = largest(_videos(item))
    return values.url(chosen.url) if chosen else None


def _videos(item: Raw) -> Iterator[Candidate]:
    yield from candidates(item.get("video_versions"))
    yield from candidates(item.get("video_resources"))
    yield Candidate(item.get("video_url"), None, None, rank=1)


def _dimensions(item: Raw, image: Candidate | None) -> tuple[int | None, int | None]:
    """Width and height of the original where it is told, else those of the chosen picture."""
    stated = values.mapping(item.get("dimensions"))
    width = values.pixels(values.first(item.get("original_width"), stated.get("width")))
    height = values.pixels(values.first(item.get("original_height"), stated.get("height")))
    if width and height:
        return width, height
    return (image.width, image.height) if image else (None, None)
