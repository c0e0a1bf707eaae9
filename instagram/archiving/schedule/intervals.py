"""How long a stream can wait for its next poll. Pure: no database, no clock, no chance.

Every stream follows one rule. A poll that brings something new halves the interval; one that does
not lets it grow, fast while the profile counts as busy, slowly after that. The numbers for stories
come from a simulated month (`./dev bench paces`), and there is one set of them for each budget: as
long as there are gaps, a call is spent best on a profile that nobody watches; once there are none,
on the profile that has just posted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

STORY_LIFE = timedelta(hours=24)
LATELY = timedelta(days=3)
SOONEST_RETRY = timedelta(minutes=15)
MAX_RETRY = timedelta(days=7)
JITTER = 0.05
SPREAD = 1000

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pace:
    """Bounds and growth of an interval.

    `watchful` is the longest one while something was new lately. For stories it leaves four hours
    of queueing until the first story could die unseen.
    """

    densest: timedelta
    watchful: timedelta
    quietest: timedelta
    growth: float
    quiet_growth: float


# By `settings.models.StoryPace`
STORY_PACES = {
    "thrifty": Pace(20 * HOUR, 20 * HOUR, 7 * DAY, growth=1.0, quiet_growth=2.0),
    "balanced": Pace(20 * HOUR, 20 * HOUR, 7 * DAY, growth=1.0, quiet_growth=1.1),
    "gapless": Pace(20 * HOUR, 20 * HOUR, 22 * HOUR, growth=1.0, quiet_growth=1.1),
    "dense": Pace(2 * HOUR, 20 * HOUR, 22 * HOUR, growth=1.2, quiet_growth=1.1),
}
STREAM_PACES = {
    "profile": Pace(12 * HOUR, DAY, 7 * DAY, growth=1.5, quiet_growth=1.5),
    "posts": Pace(12 * HOUR, DAY, 7 * DAY, growth=1.5, quiet_growth=1.5),
    "reels": Pace(12 * HOUR, DAY, 7 * DAY, growth=1.5, quiet_growth=1.5),
    "highlights": Pace(DAY, 2 * DAY, 14 * DAY, growth=1.5, quiet_growth=1.5),
}
# A profile that shows nothing: asked now and then whether it has come back.
HIDDEN_PACE = Pace(12 * HOUR, 12 * HOUR, 7 * DAY, growth=2.0, quiet_growth=2.0)
MAX_INTERVAL = max(pace.quietest for pace in (*STORY_PACES.values(), *STREAM_PACES.values()))


def next_interval(
    pace: Pace, previous: timedelta, *, found_new: bool, quiet_for: timedelta | None
) -> timedelta:
    """The interval after a poll that saw everything.

    `quiet_for` is the time since a poll last brought something new; None where none ever did.
    """
    if found_new:
        return max(pace.densest, min(previous / 2, pace.watchful))
    is_busy = quiet_for is not None and quiet_for < LATELY
    growth = pace.growth if previous < pace.watchful else pace.quiet_growth
    grown = max(previous, pace.densest) * growth
    if previous < pace.watchful:
        grown = min(grown, pace.watchful)
    return min(grown, pace.watchful if is_busy else pace.quietest)


def jittered(interval: timedelta, key: UUID) -> timedelta:
    """The interval, up to 5 % shorter: always the same for a profile, so that polls spread."""
    return interval * (1 - JITTER * (key.int % SPREAD) / SPREAD)


def deadline(
    pace: Pace, interval: timedelta, *, polled_at: datetime, due_at: datetime, is_mortal: bool
) -> datetime:
    """When the poll that is due should be over.

    Where stories are polled often enough to lose none, that is when the first could die unseen.
    Everything else loses nothing by waiting, or loses some anyway, and may wait once more.
    """
    if is_mortal and interval <= pace.watchful:
        return polled_at + STORY_LIFE
    return due_at + interval


def retry(*, now: datetime, since: datetime, deadline_at: datetime | None) -> datetime:
    """When to try again after a poll that did not see everything.

    Each pause is a quarter of the time since the last success, so that pauses grow without being
    counted; before a deadline that can still be met, at most half of what is left.
    """
    pause = min((now - since) / 4, MAX_RETRY)
    if deadline_at is not None and deadline_at > now:
        pause = min(pause, (deadline_at - now) / 2)
    return now + max(pause, SOONEST_RETRY)
