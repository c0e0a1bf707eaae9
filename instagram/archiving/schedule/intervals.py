"""Computes the intervals and deadlines of polls. Pure: no database, no clock, no chance.

A poll that finds something new halves the interval of its stream. A poll that does not lets it
grow, fast while the profile counts as busy, slowly after that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

STORY_LIFE = timedelta(hours=24)
BUSY_FOR = timedelta(days=3)  # after something new
SOONEST_RETRY = timedelta(minutes=15)
MAX_RETRY = timedelta(days=7)
JITTER = 0.05
SPREAD = 1000

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pace:
    """Bounds and growth of an interval.

    `watchful` is the longest interval while the profile counts as busy.
    """

    densest: timedelta
    watchful: timedelta
    quietest: timedelta
    growth: float
    quiet_growth: float


# By `settings.models.StoryPace`. The numbers come from a simulated month (`./dev bench paces`).
# While profiles have gaps, a call is spent best on a profile without a recent poll; without gaps,
# on the profile that has just posted. 20 hours leave four hours in the queue until a story could
# expire unseen.
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
# A profile that shows nothing is polled to learn when it is back.
HIDDEN_PACE = Pace(12 * HOUR, 12 * HOUR, 7 * DAY, growth=2.0, quiet_growth=2.0)
MAX_INTERVAL = max(pace.quietest for pace in (*STORY_PACES.values(), *STREAM_PACES.values()))


def next_interval(
    pace: Pace, previous: timedelta, *, found_new: bool, quiet_for: timedelta | None
) -> timedelta:
    """The interval after a poll that saw the whole list.

    `quiet_for` is the time since a poll last found something new, None if none ever did.
    """
    if found_new:
        return max(pace.densest, min(previous / 2, pace.watchful))
    is_busy = quiet_for is not None and quiet_for < BUSY_FOR
    growth = pace.growth if previous < pace.watchful else pace.quiet_growth
    grown = max(previous, pace.densest) * growth
    if previous < pace.watchful:
        grown = min(grown, pace.watchful)
    return min(grown, pace.watchful if is_busy else pace.quietest)


def jittered(interval: timedelta, key: UUID) -> timedelta:
    """The interval, shortened by up to 5 %, always by the same share for a profile."""
    # Profiles that were added together would otherwise stay due at the same moment.
    return interval * (1 - JITTER * (key.int % SPREAD) / SPREAD)


def deadline(
    pace: Pace, interval: timedelta, *, polled_at: datetime, due_at: datetime, is_mortal: bool
) -> datetime:
    """The time by which the poll that is due should be made.

    `is_mortal` is true for stories, which expire.
    """
    # The moment when the first story could expire unseen. A profile that is polled less often loses
    # some anyway, and other streams lose nothing: both may wait for another interval.
    if is_mortal and interval <= pace.watchful:
        return polled_at + STORY_LIFE
    return due_at + interval


def retry(*, now: datetime, since: datetime, deadline_at: datetime | None) -> datetime:
    """The time of the next try after a poll that failed.

    `since` is the time of the last success.
    """
    # A quarter of the time since the last success grows with each failure, without a counter.
    pause = min((now - since) / 4, MAX_RETRY)
    # Half of the time that is left, so that several tries fit in before a deadline.
    if deadline_at is not None and deadline_at > now:
        pause = min(pause, (deadline_at - now) / 2)
    return now + max(pause, SOONEST_RETRY)
