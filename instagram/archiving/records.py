"""The frozen values that `parse` returns and `persist` stores. Imports nothing from Django.

`None` means unknown (the key was missing), never "empty": an empty biography is `""`, and a post
without a caption (`caption: null`, no caption edge) has `caption == ""`. Ids are bare Instagram
ids as strings. Times are aware, in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from core.utils.errors import UnexpectedPayload

Raw = Mapping[str, Any]
Variant = Literal["normal", "carousel", "video"]


@dataclass(frozen=True, slots=True)
class OwnerRecord:
    """A profile as a post, a story or a coauthor list describes it.

    `username` is None in lists that name the owner by id only.
    """

    instagram_id: str
    username: str | None
    full_name: str | None = None
    is_private: bool | None = None
    is_verified: bool | None = None


@dataclass(frozen=True, slots=True)
class ProfileRecord:
    """One profile. `picture_url` is the largest picture offered."""

    instagram_id: str
    username: str
    full_name: str | None
    biography: str | None
    is_private: bool | None
    is_verified: bool | None
    external_url: str | None
    bio_links: tuple[str, ...] | None
    follower_count: int | None
    following_count: int | None
    media_count: int | None
    picture_url: str | None
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class MediaRecord:
    """One image or video. `image_url` is the picture, or the cover of a video.

    Both URLs are those of the largest candidate. A video whose URL was not offered has `is_video`
    and no `video_url`. Width and height are in pixels, duration in seconds.
    """

    instagram_id: str
    image_url: str | None
    video_url: str | None
    width: int | None
    height: int | None
    duration: float | None = None
    alternative_text: str | None = None
    is_video: bool = False

    @property
    def lacks_files(self) -> bool:
        """Whether the answer left out the URL of a file that the medium must have."""
        return (self.video_url if self.is_video else self.image_url) is None


@dataclass(frozen=True, slots=True)
class LocationRecord:
    """A location; coordinates in degrees."""

    instagram_id: str | None
    name: str | None
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True, slots=True)
class PostRecord:
    """One post with its media in carousel order; a post of one medium has one entry, with its id.

    `location` is None if the post has none or the answer left it out: the families do not tell
    these apart. `like_count` is None if likes are hidden.
    """

    instagram_id: str
    shortcode: str | None
    variant: Variant
    owner: OwnerRecord | None
    coauthors: tuple[OwnerRecord, ...]
    caption: str | None
    taken_at: datetime
    location: LocationRecord | None
    media: tuple[MediaRecord, ...]
    like_count: int | None
    comment_count: int | None
    play_count: int | None
    raw: Raw = field(repr=False)
    counted_media: int | None = None
    """The number of children that the answer states for the carousel."""
    is_advertisement: bool = False

    @property
    def lacks_files(self) -> bool:
        """Whether the answer left out a child, or the URL of a file that a child must have."""
        return self.is_cut_short or any(medium.lacks_files for medium in self.media)

    @property
    def is_cut_short(self) -> bool:
        """Whether the answer shows fewer children than it counts."""
        return self.counted_media is not None and len(self.media) < self.counted_media


@dataclass(frozen=True, slots=True)
class StoryRecord:
    """One story. `expires_at` is `taken_at` plus 24 hours if the answer does not state it."""

    instagram_id: str
    owner: OwnerRecord | None
    taken_at: datetime
    expires_at: datetime
    media: MediaRecord
    raw: Raw = field(repr=False)

    @property
    def lacks_files(self) -> bool:
        return self.media.lacks_files


@dataclass(frozen=True, slots=True)
class HighlightRecord:
    """One highlight of the tray. The id is bare, without the `highlight:` prefix.

    `media_count` and `edited_at` show whether its stories must be requested again.
    """

    instagram_id: str
    title: str | None
    cover_url: str | None
    media_count: int | None
    edited_at: datetime | None
    raw: Raw = field(repr=False)


Record = TypeVar("Record", PostRecord, StoryRecord, HighlightRecord)


@dataclass(frozen=True, slots=True)
class Page(Generic[Record]):
    """One answer: records in the provider's order, rejected items, and the next cursor.

    `next_cursor` is None at the end of the list. `missing` is the number of items that the answer
    counts and does not show, None if it has no count.
    """

    items: tuple[Record, ...]
    rejected: tuple[UnexpectedPayload, ...] = ()
    next_cursor: str | None = None
    missing: int | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """The Instagram ids of all items, with "" for each rejected item without an id.

        Another "" is added if the list is shorter than its own count.
        """
        unread = tuple(each.item_id for each in self.rejected)
        left_out = ("",) if self.is_cut_short else ()
        return tuple(item.instagram_id for item in self.items) + unread + left_out

    @property
    def names_all(self) -> bool:
        """Whether the ids are complete, so that an id that is not among them was not shown."""
        return all(self.ids)

    @property
    def is_cut_short(self) -> bool:
        """Whether the list is shorter than its own count."""
        return bool(self.missing)
