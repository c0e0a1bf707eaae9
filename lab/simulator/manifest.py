"""The expected contents of a complete archive, which tests compare with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lab.simulator.entities import (
    SimulatedHighlight,
    SimulatedMedium,
    SimulatedPost,
    SimulatedProfile,
    SimulatedStory,
)
from lab.simulator.files import File
from lab.simulator.media import Library
from lab.simulator.payload_formats import View


@dataclass(frozen=True, slots=True)
class ExpectedFile:
    """One file that a complete archive of a profile contains, and its owner."""

    owner_kind: str
    owner_id: str
    medium_id: str
    role: str
    file: File


@dataclass(slots=True)
class Manifest:
    """Lists files with their digests, computed once per file."""

    library: Library = field(default_factory=Library)
    _digests: dict[File, tuple[str, int]] = field(default_factory=dict)

    def files(self, view: View, now: int) -> dict[str, list[dict[str, Any]]]:
        """Return the expected files of each profile by username. A private profile has few."""
        return {
            profile.username: [self._entry(item, view) for item in wanted(profile, view, now)]
            for profile in view.world.profiles.values()
        }

    def _entry(self, item: ExpectedFile, view: View) -> dict[str, Any]:
        sha256, size = self._digest(item.file)
        return {
            "owner_kind": item.owner_kind,
            "owner_id": item.owner_id,
            "medium_id": item.medium_id,
            "role": item.role,
            "name": item.file.name(view.links.seed),
            "sha256": sha256,
            "size": size,
            "url": view.links.url(item.file),
        }

    def _digest(self, file: File) -> tuple[str, int]:
        if file not in self._digests:
            content = self.library.content(file)
            self._digests[file] = (content.sha256(), content.size)
        return self._digests[file]


def wanted(profile: SimulatedProfile, view: View, now: int) -> Iterator[ExpectedFile]:
    """Yield the expected files of the profile at that time, each in its largest size.

    `owner_kind` is `profile`, `post`, `story`, `highlight` (its cover) or `highlight_story`.
    """
    # Also of a private profile: Instagram shows its picture to everybody.
    yield ExpectedFile(
        "profile", profile.identifier, profile.identifier, "picture", profile.picture
    )
    if profile.is_private:
        return
    for post in view.world.feed(profile):
        for medium in post.media:
            yield from _of_medium("post", post.identifier, medium)
    for story in view.world.stories(profile, now):
        yield from _of_medium("story", story.identifier, story.medium)
    for kept in profile.highlights:
        yield ExpectedFile("highlight", kept.identifier, kept.identifier, "cover", kept.cover)
        for story in kept.stories:
            yield from _of_medium("highlight_story", story.identifier, story.medium)


def truth(view: View, now: int) -> dict[str, dict[str, Any]]:
    """Return each profile with its posts, stories and highlights, by username."""
    return {
        profile.username: _profile(profile, view, now) for profile in view.world.profiles.values()
    }


def _of_medium(owner_kind: str, owner_id: str, medium: SimulatedMedium) -> Iterator[ExpectedFile]:
    role = "cover" if medium.video else "image"
    yield ExpectedFile(owner_kind, owner_id, medium.identifier, role, medium.image)
    if medium.video:
        yield ExpectedFile(owner_kind, owner_id, medium.identifier, "video", medium.video)


def _profile(profile: SimulatedProfile, view: View, now: int) -> dict[str, Any]:
    return {
        "id": profile.identifier,
        "username": profile.username,
        "former_usernames": profile.former_usernames,
        "full_name": profile.full_name,
        "biography": profile.biography,
        "external_url": profile.external_url,
        "is_private": profile.is_private,
        "is_verified": profile.is_verified,
        "follower_count": profile.follower_count,
        "following_count": profile.following_count,
        "picture": profile.picture.name(view.links.seed),
        "posts": [_post(post, view) for post in view.world.feed(profile)],
        "stories": [_story(story, view) for story in view.world.stories(profile, now)],
        "highlights": [_highlight(kept, view) for kept in profile.highlights],
    }


def _post(post: SimulatedPost, view: View) -> dict[str, Any]:
    return {
        "id": post.identifier,
        "shortcode": post.shortcode,
        "owner_id": post.owner,
        "coauthor_ids": post.coauthors,
        "taken_at": post.taken_at,
        "caption": post.caption,
        "like_count": post.like_count,
        "comment_count": post.comment_count,
        "is_pinned": post.is_pinned,
        "place": post.location.name if post.location else None,
        "media": [_medium(medium, view) for medium in post.media],
    }


def _story(story: SimulatedStory, view: View) -> dict[str, Any]:
    return {
        "id": story.identifier,
        "owner_id": story.owner,
        "taken_at": story.taken_at,
        "expires_at": story.expires_at,
        "media": [_medium(story.medium, view)],
    }


def _highlight(kept: SimulatedHighlight, view: View) -> dict[str, Any]:
    return {
        "id": kept.identifier,
        "title": kept.title,
        "stories": [_story(story, view) for story in kept.stories],
    }


def _medium(medium: SimulatedMedium, view: View) -> dict[str, Any]:
    seed = view.links.seed
    return {
        "id": medium.identifier,
        "image": medium.image.name(seed),
        "video": medium.video.name(seed) if medium.video else None,
        "width": medium.width,
        "height": medium.height,
    }
