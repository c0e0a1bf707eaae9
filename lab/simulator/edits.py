"""Changes to the world while it is being served."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab.simulator import generation
from lab.simulator.entities import SimulatedPost, SimulatedProfile
from lab.simulator.generation import ProfilePlan
from lab.simulator.world import Unknown, World

Edit = dict[str, Any]
PROFILE_FIELDS = (
    "full_name", "biography", "external_url", "category", "is_private", "is_verified",
    "follower_count", "following_count", "stories_per_day",
)  # fmt: skip
POST_FIELDS = ("caption", "like_count", "comment_count", "play_count", "is_pinned")


def apply(world: World, edit: Edit, now: int) -> dict[str, Any]:
    """Make one edit and return what it made. Raises ValueError or LookupError if invalid."""
    kind = edit.get("edit")
    if kind not in EDITS:
        raise ValueError(f"edit must be one of {', '.join(EDITS)}")
    return EDITS[kind](world, edit, now)


def _add_profile(world: World, edit: Edit, _now: int) -> dict[str, Any]:
    plan = dict(edit["plan"])
    plan["quirks"] = tuple(plan.get("quirks", ()))
    profile = world.add_profile(ProfilePlan(**plan))
    return {"id": profile.identifier, "username": profile.username}


def _change_profile(world: World, edit: Edit, _now: int) -> dict[str, Any]:
    profile = world.profile_named(edit["username"])
    _set(profile, edit["changes"], PROFILE_FIELDS)
    return {"id": profile.identifier}


def _change_picture(world: World, edit: Edit, _now: int) -> dict[str, Any]:
    profile = world.profile_named(edit["username"])
    version = edit.get("version", 1)
    profile.picture = generation.picture(world.seed, profile.identifier, version)
    return {"name": profile.picture.name(world.seed)}


def _rename(world: World, edit: Edit, _now: int) -> dict[str, Any]:
    profile = world.profile_named(edit["username"])
    _take_name(profile, edit["new_username"])
    return {"id": profile.identifier}


def _swap_usernames(world: World, edit: Edit, _now: int) -> dict[str, Any]:
    first, second = (world.profile_named(name) for name in edit["usernames"])
    # Both profiles are found before either is renamed: afterwards two have the same name.
    names = first.username, second.username
    _take_name(first, names[1])
    _take_name(second, names[0])
    return {"ids": [first.identifier, second.identifier]}


def _delete_profile(world: World, edit: Edit, _now: int) -> dict[str, Any]:
    profile = world.profile_named(edit["username"])
    for post in list(profile.posts):
        world.delete_post(post)
    # A shared post belongs to its owner, whose feed keeps it.
    for post in profile.shared_posts:
        post.coauthors.remove(profile.identifier)
    del world.profiles[profile.identifier]
    return {"id": profile.identifier}


def _change_post(world: World, edit: Edit, _now: int) -> dict[str, Any]:
    post = world.post(edit["id"])
    _set(post, edit["changes"], POST_FIELDS)
    return {"id": post.identifier}


def _delete_post(world: World, edit: Edit, _now: int) -> dict[str, Any]:
    post = world.post(edit["id"])
    world.delete_post(post)
    return {"id": post.identifier}


def _add_post(world: World, edit: Edit, now: int) -> dict[str, Any]:
    owner = world.profile_named(edit["username"])
    post = world.publish(
        edit["username"],
        kind=edit.get("kind", "image"),
        caption=edit.get("caption"),
        label=f"added {len(owner.posts)}",
        taken_at=edit.get("taken_at", now),
    )
    for username in edit.get("coauthors", []):
        world.share(post, world.profile_named(username))
    return {"id": post.identifier, "shortcode": post.shortcode}


def _share_post(world: World, edit: Edit, _now: int) -> dict[str, Any]:
    post = world.post(edit["id"])
    world.share(post, world.profile_named(edit["username"]))
    return {"id": post.identifier}


def _add_story(world: World, edit: Edit, now: int) -> dict[str, Any]:
    profile = world.profile_named(edit["username"])
    label = f"added {len(profile.added_stories)}"
    story = generation.story(profile, edit.get("taken_at", now), label, world.seed)
    story.expires_at = story.taken_at + edit.get("lifetime_seconds", generation.DAY)
    if "withdrawn_after_seconds" in edit:
        story.withdrawn_at = story.taken_at + edit["withdrawn_after_seconds"]
    profile.added_stories.append(story)
    return {"id": story.identifier, "expires_at": story.expires_at}


def _delete_story(world: World, edit: Edit, now: int) -> dict[str, Any]:
    for profile in world.profiles.values():
        if edit["id"] in [story.identifier for story in world.stories(profile, now)]:
            # Daily stories are computed from the date, so there is nothing to remove: the id of a
            # deleted one is remembered instead.
            profile.deleted_stories.add(edit["id"])
            return {"id": edit["id"]}
    raise Unknown(f"no story {edit['id']} on show")


def _take_name(profile: SimulatedProfile, username: str) -> None:
    profile.former_usernames.append(profile.username)
    profile.username = username.lower()  # Instagram's usernames have no capitals


def _set(
    thing: SimulatedProfile | SimulatedPost, changes: dict[str, Any], allowed: tuple[str, ...]
) -> None:
    if unknown := set(changes) - set(allowed):
        raise ValueError(f"cannot change {', '.join(sorted(unknown))}")
    for name, value in changes.items():
        setattr(thing, name, value)


EDITS: dict[str, Callable[[World, Edit, int], dict[str, Any]]] = {
    "add_profile": _add_profile,
    "change_profile": _change_profile,
    "change_picture": _change_picture,
    "rename": _rename,
    "swap_usernames": _swap_usernames,
    "delete_profile": _delete_profile,
    "add_post": _add_post,
    "share_post": _share_post,
    "change_post": _change_post,
    "delete_post": _delete_post,
    "add_story": _add_story,
    "delete_story": _delete_story,
}
