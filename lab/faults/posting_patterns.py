"""Generates a month of stories from a seed, for profiles with different posting patterns."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

DAY = timedelta(days=1)
LIFETIME = timedelta(hours=24)
# The share of stories that their owners delete before they expire.
WITHDRAWN_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class PostedStory:
    """One story of a profile and how long it was visible."""

    username: str
    taken_at: datetime
    lived: timedelta = LIFETIME

    @property
    def gone_at(self) -> datetime:
        return self.taken_at + self.lived

    @property
    def is_whole(self) -> bool:
        """Whether the story stayed visible until it expired."""
        return self.lived == LIFETIME


@dataclass(frozen=True, slots=True)
class PostingPattern:
    """A share of the profiles, and how many stories each of them posts per day."""

    name: str
    share: float
    counts: Callable[[random.Random, int], Iterator[int]]


def _daily(choose: random.Random, days: int) -> Iterator[int]:
    usual = choose.randint(1, 6)
    for _ in range(days):
        yield max(0, usual + choose.randint(-1, 2))


def _weekly(choose: random.Random, days: int) -> Iterator[int]:
    chance = choose.uniform(0.1, 0.35)
    for _ in range(days):
        yield choose.randint(1, 4) if choose.random() < chance else 0


def _in_bursts(choose: random.Random, days: int) -> Iterator[int]:
    """Two to five days with many stories each, between weeks without any."""
    left = 0
    for _ in range(days):
        if not left and choose.random() < 0.07:
            left = choose.randint(2, 5)
        yield choose.randint(4, 12) if left else 0
        left = max(0, left - 1)


def _hardly_ever(choose: random.Random, days: int) -> Iterator[int]:
    for _ in range(days):
        yield int(choose.random() < 0.01)


PATTERNS = (
    PostingPattern("daily", 0.30, _daily),
    PostingPattern("weekly", 0.30, _weekly),
    PostingPattern("in bursts", 0.15, _in_bursts),
    PostingPattern("hardly ever", 0.25, _hardly_ever),
)


def usernames(profiles: int) -> list[str]:
    return [f"month.{number}" for number in range(profiles)]


def month(seed: int, *, profiles: int, days: int, start: datetime) -> list[PostedStory]:
    """All stories of the profiles in chronological order."""
    stories = (
        _of(random.Random(f"{seed} {name}"), name, days, start)  # noqa: S311  a seed, no secret
        for name in usernames(profiles)
    )
    return sorted(chain.from_iterable(stories), key=lambda story: (story.taken_at, story.username))


def _of(choose: random.Random, username: str, days: int, start: datetime) -> Iterator[PostedStory]:
    pattern = choose.choices(PATTERNS, [each.share for each in PATTERNS])[0]
    morning = choose.randrange(24 * 3600)  # profiles live in different time zones
    for day, count in enumerate(pattern.counts(choose, days)):
        for _ in range(count):
            seconds = morning + choose.randrange(15 * 3600)  # and post during 15 hours of the day
            taken_at = start + day * DAY + timedelta(seconds=seconds)
            if choose.random() < WITHDRAWN_SHARE:
                yield PostedStory(
                    username, taken_at, timedelta(seconds=choose.randrange(600, 82_800))
                )
            else:
                yield PostedStory(username, taken_at)
