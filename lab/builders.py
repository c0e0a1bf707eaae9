"""Records as the parser makes them, for tests of what comes after it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from instagram.archiving.records import (
    MediaRecord,
    OwnerRecord,
    PostRecord,
    ProfileRecord,
    StoryRecord,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
POSTED = datetime(2026, 2, 1, 9, 30, tzinfo=UTC)


def signed(name: str, signature: str = "a") -> str:
    """A media URL whose signature is no part of the file's identity."""
    return f"https://cdn.example/v/{name}?stp=x&oe=7FFFFFFF&oh={signature}"


def medium(number: int | str, *, video: bool = False, signature: str = "a") -> MediaRecord:
    """One image, or one video with its cover."""
    return MediaRecord(
        instagram_id=str(number),
        image_url=signed(f"{number}_n.jpg", signature),
        video_url=signed(f"{number}_n.mp4", signature) if video else None,
        is_video=video,
        width=1080,
        height=1350,
    )


def post(number: int | str, *, media: Sequence[MediaRecord] = (), **facts: Any) -> PostRecord:
    """A post of one image, unless told otherwise."""
    chosen = tuple(media) or (medium(number),)
    values: dict[str, Any] = {
        "instagram_id": str(number),
        "shortcode": f"C{number}",
        "variant": "carousel" if len(chosen) > 1 else "normal",
        "owner": None,
        "coauthors": (),
        "caption": f"Caption {number}",
        "taken_at": POSTED,
        "location": None,
        "media": chosen,
        "like_count": 10,
        "comment_count": 2,
        "play_count": None,
        "raw": {"pk": str(number)},
    }
    return PostRecord(**(values | facts))


def profile(instagram_id: str = "501", username: str = "lena.v", **facts: Any) -> ProfileRecord:
    """A public profile with a picture."""
    values: dict[str, Any] = {
        "instagram_id": instagram_id,
        "username": username,
        "full_name": "Lena V.",
        "biography": "Ships & maps",
        "is_private": False,
        "is_verified": False,
        "external_url": None,
        "bio_links": ("https://example.com/",),
        "follower_count": 1200,
        "following_count": 80,
        "media_count": 33,
        "picture_url": signed(f"{instagram_id}_p.jpg"),
        "raw": {"pk": instagram_id},
    }
    return ProfileRecord(**(values | facts))


def story(
    number: int | str, *, owner: OwnerRecord | None = None, video: bool = False
) -> StoryRecord:
    """A story of one image, or of one video."""
    return StoryRecord(
        instagram_id=str(number),
        owner=owner,
        taken_at=POSTED,
        expires_at=POSTED + timedelta(hours=24),
        media=medium(number, video=video),
        raw={"pk": str(number)},
    )
