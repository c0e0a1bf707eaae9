"""The named worlds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from lab.simulator import generation, texts
from lab.simulator.entities import SimulatedProfile
from lab.simulator.generation import DAY, ProfilePlan
from lab.simulator.world import World

BEYOND_DOUBLES = "9007199254740995123"  # above 2^53: JSON parsers that use floats lose digits
HUGE_VIDEO_MEGABYTES = 1000


def demo(seed: str) -> World:
    """Three public profiles of 20 posts for a quick look, a private one and an empty one."""
    return _grown(
        seed,
        (
            _demo_plan("aurora.kitchen", "Aurora Abernauth", texts.BIOGRAPHIES[0]),
            _demo_plan("tidewater_maps", "Tidewater Map Works", texts.BIOGRAPHIES[1]),
            _demo_plan("kestrel.press", "Kestrel Press", texts.BIOGRAPHIES[2]),
            ProfilePlan(username="quiet.garden", posts=4, is_private=True),
            ProfilePlan(username="brand.new.page", posts=0, stories_per_day=0, highlights=0),
        ),
    )


def foundation(seed: str) -> World:
    """Three profiles with exactly 1,000 posts together, about 2,500 files."""
    sizes = {"aurora.kitchen": 500, "tidewater_maps": 300, "kestrel.press": 200}
    return _grown(
        seed,
        (
            ProfilePlan(username=username, posts=posts, stories_per_day=5, largest_carousel=8)
            for username, posts in sizes.items()
        ),
    )


def huge(seed: str) -> World:
    """One profile with one post: a video of 1 GB, mostly padding that players skip."""
    world = _grown(
        seed, [ProfilePlan(username="long.take", posts=0, stories_per_day=0, highlights=0)]
    )
    post = world.publish("long.take", kind="video", caption="All of it.", label="huge")
    only = post.media[0]
    if only.video is not None:
        only.video = replace(only.video, padding=HUGE_VIDEO_MEGABYTES)
    return world


def edges(seed: str) -> World:
    """One profile per edge case, named after it. `nobody.here` does not exist on purpose."""
    world = _grown(
        seed,
        (
            ProfilePlan(username="plain.case", posts=30),
            ProfilePlan(username="private.case", posts=6, is_private=True),
            ProfilePlan(username="empty.case", posts=0, stories_per_day=0, highlights=0),
            ProfilePlan(username="big.number.case", posts=6, identifier=BEYOND_DOUBLES),
            ProfilePlan(username="blank.biography", posts=3, biography="", is_verified=True),
            ProfilePlan(username="two.authors.a", posts=5),
            ProfilePlan(username="two.authors.b", posts=5),
            ProfilePlan(username="renamed.case", posts=8),
            ProfilePlan(username="pinned.case", posts=20),
            ProfilePlan(username="repeating.cursor", posts=120, quirks=("repeating_cursor",)),
            ProfilePlan(username="empty.page", posts=120, quirks=("empty_page",)),
            ProfilePlan(username="unknown.item", posts=10, quirks=("unknown_item",)),
            # One story every three hours, so that some are always about to expire.
            ProfilePlan(
                username="story.hours",
                posts=2,
                stories_per_day=8,
                seconds_between_stories=DAY // 8,
            ),
        ),
    )
    _add_edge_posts(world)
    renamed = world.profile_named("renamed.case")
    renamed.former_usernames.append("former.case")
    return world


WORLDS: dict[str, Callable[[str], World]] = {
    "demo": demo,
    "foundation": foundation,
    "huge": huge,
    "edges": edges,
}


def _add_edge_posts(world: World) -> None:
    plain = world.profile_named("plain.case")
    plain.posts[0].caption = None
    plain.posts[1].caption = ""
    plain.posts[2].like_count = None
    for kind in ("image", "video"):
        world.publish("plain.case", kind=kind, caption=f"One {kind}", label=f"edge {kind}")
    # A carousel whose children are of both kinds, and whose first child is a picture.
    mixed = world.publish("plain.case", kind="carousel", caption="Mixed", label="edge carousel")
    mixed.media = [
        generation.medium(world.seed, child.identifier, has_video=position == 1)
        for position, child in enumerate(mixed.media)
    ]
    _show_same_picture_twice(plain)
    first = world.profile_named("two.authors.a")
    world.share(first.posts[1], world.profile_named("two.authors.b"))
    # The oldest post and one from the middle, so that the page's order differs from the time's.
    pinned = world.profile_named("pinned.case")
    pinned.posts[-1].is_pinned = pinned.posts[9].is_pinned = True


def _show_same_picture_twice(profile: SimulatedProfile) -> None:
    """Give two posts the same bytes under two names."""
    pictures = [post for post in profile.posts if post.media[0].video is None]
    source, target = pictures[0].media[0], pictures[1].media[0]
    target.image = replace(source.image, copy=2)
    target.width, target.height = source.width, source.height


def _demo_plan(username: str, full_name: str, biography: str) -> ProfilePlan:
    return ProfilePlan(
        username=username, full_name=full_name, biography=biography, largest_carousel=5
    )


def _grown(seed: str, plans: Iterable[ProfilePlan]) -> World:
    world = World(seed)
    for plan in plans:
        world.add_profile(plan)
    return world
