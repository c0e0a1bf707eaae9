"""Reads one image or video: a post of one medium, a child of a carousel, a story.

The families differ in key names only: private API `image_versions2.candidates`, V2
`image_versions.items`, GraphQL `display_resources`; xdt uses the private API's names.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from instagram.archiving.parse import values
from instagram.archiving.parse.pages import Unreadable
from instagram.archiving.records import MediaRecord, Raw

_IMAGE, _VIDEO, _CAROUSEL = 1, 2, 8
# In order of preference, for payloads that offer no list of sizes.
_IMAGE_URLS = ("thumbnail_url", "display_uri", "display_src", "thumbnail_src")


class Candidate(NamedTuple):
    """One size on offer. The address is checked only when the candidate is chosen."""

    url: object
    width: int | None
    height: int | None

    @property
    def area(self) -> int:
        return (self.width or 0) * (self.height or 0)


def medium(item: Raw) -> MediaRecord:
    """The medium with its largest picture and, for a video, its largest stream."""
    image = largest(_images(item))
    width, height = _dimensions(item, image)
    return MediaRecord(
        instagram_id=media_id(item),
        image_url=values.url(image.url) if image else None,
        video_url=_video_url(item),
        width=width,
        height=height,
        duration=values.seconds(item.get("video_duration")),
        alternative_text=values.text(item.get("accessibility_caption")),
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
    return item.get("media_type") == _CAROUSEL or _kind(item).endswith("Sidecar")


def is_video(item: Raw) -> bool:
    """Whether the item is a video, by the first sign that its family gives."""
    if item.get("media_type") in (_IMAGE, _VIDEO):
        return bool(item["media_type"] == _VIDEO)
    told = values.flag(item.get("is_video"))
    return _kind(item).endswith("Video") if told is None else told


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
    """The valid candidate of the largest area; the earlier one of equals."""
    by_area = sorted(offers, key=lambda offer: offer.area, reverse=True)
    return next((offer for offer in by_area if values.url(offer.url)), None)


def _kind(item: Raw) -> str:
    return values.text(item.get("__typename")) or ""


def _images(item: Raw) -> Iterator[Candidate]:
    dimensions = values.mapping(item.get("dimensions"))
    # GraphQL's full picture is listed apart from its resources; first, so that it wins a draw.
    yield Candidate(
        item.get("display_url"),
        values.pixels(dimensions.get("width")),
        values.pixels(dimensions.get("height")),
    )
    yield from candidates(values.mapping(item.get("image_versions2")).get("candidates"))
    yield from candidates(values.mapping(item.get("image_versions")).get("items"))
    yield from candidates(item.get("display_resources"))
    for key in _IMAGE_URLS:
        yield Candidate(item.get(key), None, None)


def _video_url(item: Raw) -> str | None:
    if not is_video(item):
        return None
    chosen = largest(_videos(item))
    return values.url(chosen.url) if chosen else None


def _videos(item: Raw) -> Iterator[Candidate]:
    yield from candidates(item.get("video_versions"))
    yield from candidates(item.get("video_resources"))
    yield Candidate(item.get("video_url"), None, None)


def _dimensions(item: Raw, image: Candidate | None) -> tuple[int | None, int | None]:
    """Width and height of the original where it is told, else those of the chosen picture."""
    stated = values.mapping(item.get("dimensions"))
    width = values.pixels(values.first(item.get("original_width"), stated.get("width")))
    height = values.pixels(values.first(item.get("original_height"), stated.get("height")))
    if width and height:
        return width, height
    return (image.width, image.height) if image else (None, None)
