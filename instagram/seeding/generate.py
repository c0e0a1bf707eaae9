"""Writes the seeded rows to the database, all or none."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from core.db.copying import copy_rows, fresh_keys
from instagram.models import Post, PostMedia, Story, User
from instagram.seeding.rows import BEGIN, END, Generator, SeedProfile, profile_number
from instagram.seeding.samples import store_samples
from storage.models import Asset

AT_ONCE = 2000
"""The number of rows of a kind per write, which limits memory and updates the progress."""
STORY_SPAN = timedelta(days=365)
POPULARITY = 0.7
"""The exponent by which the number of posts falls from the busiest profile to the next."""


class AlreadySeeded(Exception):
    """The rows of this seed are in the database already."""


@dataclass(frozen=True, slots=True)
class SeedSize:
    """The amount of data. The same size and seed give the same rows."""

    profiles: int
    posts: int
    stories: int
    seed: int

    @property
    def total(self) -> int:
        """Profiles, posts and stories together, for the progress bar."""
        return self.profiles + self.posts + self.stories


@dataclass(slots=True)
class Seeded:
    """The number of rows written."""

    profiles: int = 0
    posts: int = 0
    media: int = 0
    stories: int = 0
    assets: int = 0


@transaction.atomic
def seed(size: SeedSize, *, advance: Callable[[int], None]) -> Seeded:
    """Write the data set; `advance` is called with the number of rows since the last call.

    Raises AlreadySeeded.
    """
    if User.objects.filter(instagram_id=profile_number(size.seed, 0)).exists():
        raise AlreadySeeded
    choose = random.Random(size.seed)  # noqa: S311  a data set, not a secret
    maker = Generator(size.seed, choose, store_samples(), fresh_keys(Asset))
    seeded = Seeded()
    done = 0
    for done in _made(size, maker):
        if done % AT_ONCE == 0:
            _write(maker, seeded)
            advance(AT_ONCE)
    _write(maker, seeded)
    advance(done % AT_ONCE)
    return seeded


def _made(size: SeedSize, maker: Generator) -> Iterator[int]:
    """Generate profiles, posts and stories one by one; yields the count."""
    profiles: list[SeedProfile] = []
    for index in range(size.profiles):
        profiles.append(maker.profile(index, size.profiles))
        yield len(profiles)
    posts = _owned(maker, profiles, size.posts, since=BEGIN)
    for number, (taken_at, owner, other) in enumerate(posts):
        maker.post(number, taken_at, owner, other)
        yield size.profiles + number + 1
    stories = _owned(maker, profiles, size.stories, since=END - STORY_SPAN)
    for number, (taken_at, owner, _) in enumerate(stories):
        maker.story(number, taken_at, owner)
        yield size.profiles + size.posts + number + 1


def _owned(
    maker: Generator, profiles: Sequence[SeedProfile], count: int, *, since: datetime
) -> Iterator[tuple[datetime, SeedProfile, SeedProfile]]:
    """Times from `since` to the end, each with an owner and another profile."""
    # As on Instagram, a few profiles own most of the posts.
    weights = [(place + 1) ** -POPULARITY for place in range(len(profiles))]
    cumulated = list(itertools.accumulate(weights))
    pause = (END - since) / max(count, 1)
    for number in range(count):
        taken_at = since + pause * (number + maker.choose.random())
        owner, other = maker.choose.choices(profiles, cum_weights=cumulated, k=2)
        yield taken_at, owner, other


def _write(maker: Generator, seeded: Seeded) -> None:
    for model, rows in maker.rows.items():
        copy_rows(model, rows)
    seeded.profiles += len(maker.rows[User])
    seeded.posts += len(maker.rows[Post])
    seeded.media += len(maker.rows[PostMedia])
    seeded.stories += len(maker.rows[Story])
    seeded.assets += len(maker.rows[Asset])
    maker.rows.clear()
