"""Generates profiles, posts, stories and highlights from a seed and a plan."""

from __future__ import annotations

from dataclasses import dataclass

from lab.simulator import base_media, seeding, texts
from lab.simulator.entities import (
    Location,
    Quirk,
    SimulatedHighlight,
    SimulatedMedium,
    SimulatedPost,
    SimulatedProfile,
    SimulatedStory,
    media_identifier,
)
from lab.simulator.files import File

DAY = 86_400
# All posts are older than this, so that they do not depend on the day of the run.
NEWEST_POST = 1_761_998_400  # 2025-11-01 12:00 UTC
# Identifiers count milliseconds since 2011; an older post would have a negative identifier.
YEARS_OF_POSTS = 14 * 365 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePlan:
    """The traits of a profile. Everything else is derived from the seed."""

    username: str
    identifier: str | None = None
    full_name: str | None = None
    biography: str | None = None
    posts: int = 20
    stories_per_day: int = 2
    seconds_between_stories: int = 5
    highlights: int = 1
    largest_carousel: int = 7
    is_private: bool = False
    is_verified: bool = False
    quirks: tuple[Quirk, ...] = ()


def profile(plan: ProfilePlan, seed: str) -> SimulatedProfile:
    """Return the profile of the plan with all its posts and highlights."""
    # Every entity has its own generator, so an additional choice for a post changes no other post.
    choose = seeding.chooser(seed, "profile", plan.username)
    identifier = plan.identifier or str(seeding.number(seed, "id", plan.username, digits=11))
    generated = SimulatedProfile(
        identifier=identifier,
        username=plan.username,
        full_name=plan.full_name
        or f"{choose.choice(texts.FIRST_NAMES)} {choose.choice(texts.LAST_NAMES)}",
        biography=choose.choice(texts.BIOGRAPHIES) if plan.biography is None else plan.biography,
        picture=picture(seed, identifier, 0),
        external_url=f"https://{plan.username.replace('_', '-')}.example/",
        category=choose.choice(texts.CATEGORIES),
        is_private=plan.is_private,
        is_verified=plan.is_verified,
        follower_count=choose.randrange(200, 250_000),
        following_count=choose.randrange(10, 900),
        stories_per_day=plan.stories_per_day,
        seconds_between_stories=plan.seconds_between_stories,
        quirks=plan.quirks,
    )
    generated.posts = [post(generated, index, plan, seed) for index in range(plan.posts)]
    generated.highlights = [highlight(generated, index, seed) for index in range(plan.highlights)]
    return generated


def picture(seed: str, identifier: str, version: int) -> File:
    """Return a profile picture; every version is a different picture."""
    choose = seeding.chooser(seed, "picture", identifier, version)
    number = seeding.number(seed, "picture", identifier, version)
    return File("picture", choose.choice(base_media.PICTURES), number)


def post(owner: SimulatedProfile, index: int, plan: ProfilePlan, seed: str) -> SimulatedPost:
    """Return post number `index` of the owner; 0 is the newest. There is at least one per day."""
    choose = seeding.chooser(seed, "post", owner.identifier, index)
    step = min(DAY, YEARS_OF_POSTS // plan.posts)
    taken_at = NEWEST_POST - index * step - choose.randrange(step)
    kind = choose.choices(("image", "video", "carousel"), (55, 20, 25))[0]
    children = choose.randint(2, plan.largest_carousel)
    generated = published(
        owner, kind=kind, taken_at=taken_at, label=index, seed=seed, children=children
    )
    if choose.random() < 0.05:
        generated.caption = None
    if choose.random() < 0.04:
        generated.like_count = None
    if choose.random() < 0.3:
        name, city, latitude, longitude = choose.choice(texts.PLACES)
        identifier = str(seeding.number(seed, "place", name))
        generated.location = Location(identifier, name, city, latitude, longitude)
    return generated


def published(
    owner: SimulatedProfile,
    *,
    kind: str,
    taken_at: int,
    label: object,
    seed: str,
    children: int = 3,
) -> SimulatedPost:
    """Return an `image`, `video` or `carousel` post. Missing traits are derived from the label."""
    choose = seeding.chooser(seed, "published", owner.identifier, label)
    identifier = media_identifier(taken_at, choose.randrange(1 << 23))
    return SimulatedPost(
        identifier=identifier,
        owner=owner.identifier,
        taken_at=taken_at,
        caption=choose.choice(texts.CAPTIONS),
        media=post_media(seed, identifier, kind, children),
        like_count=choose.randrange(5, 20_000),
        comment_count=choose.randrange(300),
        play_count=choose.randrange(100, 90_000) if kind == "video" else 0,
    )


def post_media(seed: str, identifier: str, kind: str, children: int) -> list[SimulatedMedium]:
    """Return the media of an `image`, `video` or `carousel` post."""
    if kind != "carousel":
        return [medium(seed, identifier, has_video=kind == "video")]
    choose = seeding.chooser(seed, "children", identifier)
    first = int(identifier) - (1 << 33)  # a child's identifier is a little older than its post's
    return [
        medium(seed, str(first + index * 8_391_041), has_video=choose.random() < 0.25)
        for index in range(children)
    ]


def medium(
    seed: str, identifier: str, *, has_video: bool, is_tall: bool = False
) -> SimulatedMedium:
    """Return one picture or video, derived from its identifier."""
    choose = seeding.chooser(seed, "medium", identifier)
    pool = base_media.TALL if is_tall or has_video else base_media.POSTS
    base = choose.choice(pool)
    width, height = base_media.picture_size(base)
    numbers = [seeding.number(seed, "file", identifier, index) for index in range(3)]
    made = SimulatedMedium(
        identifier=identifier,
        image=File("cover" if has_video else "image", base, numbers[0]),
        width=width,
        height=height,
        alternative_text=choose.choice(texts.ALTERNATIVE_TEXTS),
    )
    if has_video:
        clip = choose.choice(base_media.LARGE_CLIPS)
        made.video = File("video", clip, numbers[1])
        made.small_video = File("video", base_media.SMALL_CLIP, numbers[2])
        made.duration = base_media.clip_seconds(clip)
    return made


def story(owner: SimulatedProfile, taken_at: int, label: object, seed: str) -> SimulatedStory:
    """Return a story that is visible for a day; about one in three is a video."""
    choose = seeding.chooser(seed, "story", owner.identifier, label)
    identifier = media_identifier(taken_at, choose.randrange(1 << 23))
    shown = medium(seed, identifier, has_video=choose.random() < 0.34, is_tall=True)
    return SimulatedStory(identifier, owner.identifier, taken_at, taken_at + DAY, shown)


def daily_stories(owner: SimulatedProfile, day: int, seed: str) -> list[SimulatedStory]:
    """Return the owner's stories of a day (days since 1970), from midnight UTC on.

    Each expires when the next day's story of the same number appears, so the number of visible
    stories is constant, and they change only around midnight.
    """
    return [
        story(owner, day * DAY + index * owner.seconds_between_stories, f"{day}:{index}", seed)
        for index in range(owner.stories_per_day)
    ]


def highlight(owner: SimulatedProfile, index: int, seed: str) -> SimulatedHighlight:
    """Return one highlight with two to four stories, oldest first."""
    choose = seeding.chooser(seed, "highlight", owner.identifier, index)
    oldest = NEWEST_POST - choose.randrange(100, 900) * DAY
    stories = [
        story(owner, oldest + position * DAY, f"kept:{index}:{position}", seed)
        for position in range(choose.randint(2, 4))
    ]
    return SimulatedHighlight(
        identifier=str(seeding.number(seed, "highlight", owner.identifier, index, digits=17)),
        owner=owner.identifier,
        title=choose.choice(texts.HIGHLIGHT_TITLES),
        cover=File(
            "cover",
            choose.choice(base_media.TALL),
            seeding.number(seed, "highlight cover", owner.identifier, index),
        ),
        stories=stories,
    )
