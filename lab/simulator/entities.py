"""The entities of the simulated world. `payload_formats/` turns them into a provider's JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from lab.simulator.files import File

Quirk = Literal["repeating_cursor", "empty_page", "unknown_item", "short_pages"]
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(slots=True)
class Location:
    identifier: str
    name: str
    city: str
    latitude: float
    longitude: float


@dataclass(slots=True)
class SimulatedMedium:
    """One picture, or one video with its cover, of a post or a story."""

    identifier: str
    image: File
    width: int
    height: int
    alternative_text: str | None = None
    video: File | None = None
    small_video: File | None = None
    duration: float = 0.0


@dataclass(slots=True)
class SimulatedPost:
    """One post. `taken_at` is Unix time; `like_count` is None if the owner hides likes."""

    identifier: str
    owner: str
    taken_at: int
    caption: str | None
    media: list[SimulatedMedium]
    like_count: int | None
    comment_count: int
    play_count: int
    location: Location | None = None
    coauthors: list[str] = field(default_factory=list)
    is_pinned: bool = False

    @property
    def shortcode(self) -> str:
        """The identifier as written in the post's URL."""
        return shortcode(self.identifier)

    @property
    def is_carousel(self) -> bool:
        return len(self.media) > 1

    @property
    def is_video(self) -> bool:
        """Whether the post is a single video."""
        return not self.is_carousel and self.media[0].video is not None


@dataclass(slots=True)
class SimulatedStory:
    """One story, visible from `taken_at` to `expires_at` or until its owner deletes it."""

    identifier: str
    owner: str
    taken_at: int
    expires_at: int
    medium: SimulatedMedium
    withdrawn_at: int | None = None

    def is_on_show(self, now: int) -> bool:
        return self.taken_at <= now < min(self.expires_at, self.withdrawn_at or self.expires_at)


@dataclass(slots=True)
class SimulatedHighlight:
    """Stories that their owner keeps visible. The identifier has no prefix."""

    identifier: str
    owner: str
    title: str
    cover: File
    stories: list[SimulatedStory]


@dataclass(slots=True)
class SimulatedProfile:
    """One account and its items. Daily stories are not stored, but computed from the date."""

    identifier: str
    username: str
    full_name: str
    biography: str
    picture: File
    external_url: str | None = None
    category: str | None = None
    is_private: bool = False
    is_verified: bool = False
    follower_count: int = 0
    following_count: int = 0
    stories_per_day: int = 0
    seconds_between_stories: int = 5
    quirks: tuple[Quirk, ...] = ()
    former_usernames: list[str] = field(default_factory=list)
    posts: list[SimulatedPost] = field(default_factory=list)
    shared_posts: list[SimulatedPost] = field(default_factory=list)
    added_stories: list[SimulatedStory] = field(default_factory=list)
    deleted_stories: set[str] = field(default_factory=set)
    highlights: list[SimulatedHighlight] = field(default_factory=list)


def shortcode(identifier: str) -> str:
    """Encode a media identifier as in URLs (base 64, most significant digit first)."""
    number, text = int(identifier), ""
    while number:
        number, digit = divmod(number, 64)
        text = ALPHABET[digit] + text
    return text


def media_identifier(taken_at: int, sequence: int) -> str:
    """Return the identifier of media of that time: milliseconds above 23 bits of sequence."""
    first_millisecond = 1_314_220_021_721
    return str(((taken_at * 1000 - first_millisecond) << 23) | sequence % (1 << 23))
