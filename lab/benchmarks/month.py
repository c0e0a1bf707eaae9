"""Simulates a month of stories and polls without a database: the recall of a pace, and its calls.

`./dev bench paces` prints the figures from which the paces were chosen. Every story lives for a day
unless it is deleted earlier. A poll finds the stories that are visible at that moment.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from instagram.archiving.schedule.intervals import (
    STORY_LIFE,
    Pace,
    jittered,
    next_interval,
)

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
WARM_UP = timedelta(days=30)
MONTH = timedelta(days=30)
HOUR = timedelta(hours=1)
DELETED_EARLY = 0.06


@dataclass(frozen=True, slots=True)
class Habit:
    """Ranges (from, to): days between bursts, days of a burst, stories on each of these days."""

    share: float
    pause: tuple[float, float]
    days: tuple[int, int]
    stories: tuple[int, int]


HABITS = {
    "daily": Habit(0.25, (0.9, 1.3), (1, 1), (1, 6)),
    "weekly": Habit(0.25, (5, 9), (1, 1), (1, 4)),
    "bursts": Habit(0.2, (12, 30), (3, 6), (3, 9)),
    "silent": Habit(0.3, (20, 100), (1, 1), (1, 3)),
}


@dataclass(frozen=True, slots=True)
class Life:
    """The time in which a story is visible."""

    posted_at: datetime
    gone_at: datetime


@dataclass(frozen=True, slots=True)
class Result:
    """The stories of the month, how many of them a poll found, and the number of polls."""

    stories: int
    found: int
    calls: int

    @property
    def recall(self) -> float:
        return self.found / self.stories


def world(profiles: int, seed: int) -> list[list[Life]]:
    """The stories of that many profiles, including a warm-up before the month."""
    chance = random.Random(seed)  # noqa: S311  no secret
    return [
        sorted(_stories(habit, chance), key=lambda life: life.posted_at)
        for habit in HABITS.values()
        for _ in range(round(profiles * habit.share))
    ]


def _stories(habit: Habit, chance: random.Random) -> Iterator[Life]:
    home = chance.uniform(0, 24)
    day = -chance.uniform(0, habit.pause[1])
    while day < (WARM_UP + MONTH).days:
        for burst in range(chance.randint(*habit.days)):
            began = BEGIN + (int(day) + burst) * STORY_LIFE + chance.gauss(home, 2.5) * HOUR
            yield from _session(began, chance.randint(*habit.stories), chance)
        day += chance.uniform(*habit.pause)


def _session(began: datetime, count: int, chance: random.Random) -> Iterator[Life]:
    for _ in range(count):
        began += chance.expovariate(1.4) * HOUR
        is_deleted = chance.random() < DELETED_EARLY
        yield Life(began, began + (chance.uniform(0.5, 12) * HOUR if is_deleted else STORY_LIFE))


def adaptive(stories: list[list[Life]], pace: Pace) -> Result:
    """Poll every profile as the schedule does if no budget limits its calls."""
    return _sum([_poll(each, _adaptive(each, pace, UUID(int=n))) for n, each in enumerate(stories)])


def fixed(stories: list[list[Life]], every: timedelta, *, polled: float = 1.0) -> Result:
    """Poll a share of the profiles at one interval. Each profile begins at another time."""
    # Multiples of the golden ratio spread the profiles evenly, however many there are.
    results = []
    for number, each in enumerate(stories):
        is_polled = (number * 0.618) % 1 < polled
        start = BEGIN + every * (number * 0.618 % 1)
        times = [start + every * n for n in range(int((WARM_UP + MONTH) / every) + 1)]
        results.append(_poll(each, times if is_polled else ()))
    return _sum(results)


def _adaptive(stories: list[Life], pace: Pace, key: UUID) -> list[datetime]:
    # The warm-up lets each interval settle before the month that is measured.
    polls, interval, changed_at = [], pace.densest, None
    seen: set[int] = set()
    now = BEGIN + (key.int * 0.618 % 1) * STORY_LIFE
    while now < BEGIN + WARM_UP + MONTH:
        polls.append(now)
        alive = {n for n, each in enumerate(stories) if each.posted_at <= now < each.gone_at}
        found_new = not alive <= seen
        seen |= alive
        changed_at = now if found_new else changed_at
        quiet_for = now - changed_at if changed_at else None
        interval = next_interval(pace, interval, found_new=found_new, quiet_for=quiet_for)
        now += jittered(interval, key)
    return polls


def _poll(stories: list[Life], polls: Sequence[datetime]) -> Result:
    begin, end = BEGIN + WARM_UP, BEGIN + WARM_UP + MONTH
    # Stories of the last day may still be found after the end of the month.
    posted = [life for life in stories if begin <= life.posted_at < end - STORY_LIFE]
    found = sum(any(life.posted_at <= at < life.gone_at for at in polls) for life in posted)
    return Result(len(posted), found, sum(begin <= at < end for at in polls))


def _sum(results: list[Result]) -> Result:
    return Result(
        sum(each.stories for each in results),
        sum(each.found for each in results),
        sum(each.calls for each in results),
    )
