"""Expected and actual contents of the archive, in one comparable form."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from instagram.archiving import pipeline
from instagram.models import Highlight, Post, Story, User
from lab.simulator.client import SimulatorControl
from storage.models import Asset

# Owner kind, owner id, role, source name.
FileKey = tuple[str, str, str, str]
Contents = dict[str, Any]
Profile = Mapping[str, Any]
# The owner kinds of each stream's files, as the simulator names them.
FILES_OF = {
    "profile": ("profile",),
    "posts": ("post",),
    "stories": ("story",),
    "reels": (),
    "highlights": ("highlight", "highlight_story"),
}
# The simulator's owner kinds that have another name in the archive.
OWNER_KINDS = {"profile": "user", "highlight_story": "story"}


@dataclass(frozen=True, slots=True)
class ExpectedArchive:
    """The contents of a complete archive of the profiles, limited to the pipeline's streams."""

    profiles: Mapping[str, Profile]
    # SHA-256 digests.
    files: Mapping[FileKey, str]

    @classmethod
    def from_simulator(cls, control: SimulatorControl, names: Collection[str]) -> ExpectedArchive:
        """Read what the simulator serves for these profiles at the moment."""
        truth, files = control.truth(), control.files()
        kinds = {kind for stream in pipeline.STAGES for kind in FILES_OF[stream]}
        wanted = [file for name in names for file in files[name] if file["owner_kind"] in kinds]
        return cls(
            {name: truth[name] for name in names},
            {
                (
                    OWNER_KINDS.get(file["owner_kind"], file["owner_kind"]),
                    file["owner_id"],
                    file["role"],
                    file["name"],
                ): file["sha256"]
                for file in wanted
            },
        )

    def facts(self, stream: str, name: str) -> Contents:
        """The expected contents of one stream of a profile, by Instagram id."""
        return SHOWN[stream](self.profiles[name])


def archived(stream: str, identifier: str) -> Contents:
    """The archived contents of one stream of the profile with that Instagram id."""
    return HELD[stream](identifier)


def stored_digests() -> dict[FileKey, str]:
    """The SHA-256 of every stored asset, read from disk; "" if the file is missing."""
    # From disk, not from the row: the row may claim what a crash never wrote.
    root = Path(settings.MEDIA_ROOT)
    return {
        (asset.owner_kind, asset.owner_id, asset.role, asset.source_name): _digest(root / file.name)
        for asset in Asset.objects.stored().select_related("file")
        if (file := asset.file) is not None
    }


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def _shown_profile(profile: Profile) -> Contents:
    names = ("username", "full_name", "biography", "external_url", "is_private", "is_verified")
    return {profile["id"]: (*(profile[name] for name in names), profile["picture"])}


def _held_profile(identifier: str) -> Contents:
    names = ("username", "full_name", "biography", "external_url", "is_private", "is_verified")
    rows = User.objects.filter(instagram_id=identifier).select_related("picture")
    row = rows.first()
    if row is None:
        return {}
    return {identifier: (*(getattr(row, name) for name in names), _name(row.picture))}


def _shown_posts(profile: Profile) -> Contents:
    return {post["id"]: _shown_post(post) for post in _visible(profile, "posts")}


def _shown_reels(profile: Profile) -> Contents:
    """The profile's own reels. The archive does not record a coauthor's reels."""
    return {
        post["id"]: _shown_post(post)
        for post in _visible(profile, "posts")
        if post["owner_id"] == profile["id"]
        and len(post["media"]) == 1
        and post["media"][0]["video"]
    }


def _shown_post(post: Mapping[str, Any]) -> tuple[Any, ...]:
    media = tuple((each["id"], each["image"], each["video"]) for each in post["media"])
    coauthors = tuple(sorted(post["coauthor_ids"]))
    return (post["owner_id"], post["caption"] or "", post["taken_at"], coauthors, media)


def _held_posts(identifier: str) -> Contents:
    user = User.objects.filter(instagram_id=identifier).first()
    if user is None:
        return {}
    rows = Post.objects.of(user).select_related("user")
    return {row.pk: _held_post(row) for row in rows.prefetch_related("coauthors")}


def _held_post(row: Post) -> tuple[Any, ...]:
    media = row.media.filter(removed_at=None).select_related("image", "video")
    coauthors = tuple(sorted(each.instagram_id or "" for each in row.coauthors.all()))
    files = tuple((each.instagram_id, _name(each.image), _name(each.video)) for each in media)
    return (row.user.instagram_id, row.caption or "", _unix(row.post_created_at), coauthors, files)


def _held_reels(identifier: str) -> Contents:
    rows = Post.objects.filter(user__instagram_id=identifier, in_reels=True)
    return {row.pk: _held_post(row) for row in rows.select_related("user")}


def _shown_stories(profile: Profile) -> Contents:
    return {
        story["id"]: (
            story["owner_id"],
            story["taken_at"],
            story["expires_at"],
            story["media"][0]["image"],
            story["media"][0]["video"],
        )
        for story in _visible(profile, "stories")
    }


def _held_stories(identifier: str) -> Contents:
    # A highlight's stories are rows of the same table, but belong to the stream of highlights.
    rows = Story.objects.filter(user__instagram_id=identifier, highlight_items=None)
    return {
        row.pk: (
            row.user.instagram_id,
            _unix(row.story_created_at),
            _unix(row.expires_at),
            _name(row.image),
            _name(row.video),
        )
        for row in rows.select_related("user", "image", "video")
    }


def _shown_highlights(profile: Profile) -> Contents:
    return {
        kept["id"]: (kept["title"], tuple(story["id"] for story in kept["stories"]))
        for kept in _visible(profile, "highlights")
    }


def _held_highlights(identifier: str) -> Contents:
    rows = Highlight.objects.filter(user__instagram_id=identifier)
    return {
        row.pk: (
            row.title,
            tuple(row.items.filter(removed_at=None).values_list("story", flat=True)),
        )
        for row in rows
    }


def _visible(profile: Profile, kind: str) -> Iterable[Mapping[str, Any]]:
    return () if profile["is_private"] else profile[kind]


def _name(asset: Asset | None) -> str | None:
    return asset.source_name if asset else None


def _unix(moment: datetime) -> int:
    return int(moment.timestamp())


SHOWN: dict[str, Callable[[Profile], Contents]] = {
    "profile": _shown_profile,
    "posts": _shown_posts,
    "stories": _shown_stories,
    "reels": _shown_reels,
    "highlights": _shown_highlights,
}
HELD: dict[str, Callable[[str], Contents]] = {
    "profile": _held_profile,
    "posts": _held_posts,
    "stories": _held_stories,
    "reels": _held_reels,
    "highlights": _held_highlights,
}
