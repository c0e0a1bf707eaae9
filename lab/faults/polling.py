"""Which stories a series of polls sees and misses. Pure; the schedule is compared with it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lab.faults.posting_patterns import LIFETIME, PostedStory

Interval = tuple[datetime, datetime]
# The times of answered polls, in ascending order, by username.
Polls = Mapping[str, Sequence[datetime]]


@dataclass(frozen=True, slots=True)
class Recall:
    seen: int
    shown: int

    @property
    def share(self) -> float:
        """A share from 0 to 1; 1 if no story was shown."""
        return self.seen / self.shown if self.shown else 1.0


def is_seen(story: PostedStory, polls: Sequence[datetime]) -> bool:
    """Whether a poll happened while the story was visible."""
    first = bisect_left(polls, story.taken_at)
    return first < len(polls) and polls[first] < story.gone_at


def recall(stories: Iterable[PostedStory], polls: Polls) -> Recall:
    seen = [is_seen(story, polls.get(story.username, ())) for story in stories]
    return Recall(sum(seen), len(seen))


def gaps(polls: Sequence[datetime], span: Interval) -> list[Interval]:
    """The times at which a posted story could expire between two polls."""
    reached, end = span
    found = []
    for poll in polls:
        # A poll sees everything that was posted less than a lifetime before it.
        if poll - LIFETIME > reached:
            found.append((reached, min(poll - LIFETIME, end)))
        reached = max(reached, poll)
        if reached >= end:
            return found
    return [*found, (reached, end)]


def length(intervals: Iterable[Interval]) -> timedelta:
    return sum((end - start for start, end in intervals), timedelta())


def difference(first: Sequence[Interval], second: Sequence[Interval]) -> timedelta:
    """The time covered by exactly one of the two lists."""
    shared = timedelta()
    for start, end in first:
        for other_start, other_end in second:
            shared += max(timedelta(), min(end, other_end) - max(start, other_start))
    return length(first) + length(second) - 2 * shared


def fixed(
    usernames: Sequence[str], *, every: timedelta, span: Interval, outage: Interval
) -> dict[str, list[datetime]]:
    """Evenly spread polls of every profile at a fixed interval, except during the outage."""
    start, end = span
    polls: dict[str, list[datetime]] = {}
    for number, username in enumerate(usernames):
        first = start + every * number / len(usernames)
        count = max(0, int((end - first) / every) + 1)
        times = (first + every * index for index in range(count))
        polls[username] = [each for each in times if not outage[0] <= each < outage[1]]
    return polls
