"""The recall of each pace of story polls in a simulated month: `python -m lab.benchmarks.paces`.

Each pace is compared with two fixed policies that make as many calls: all profiles at one interval,
and as many profiles as can be polled every six hours. Exit status 1 if a pace finds fewer stories.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

from lab.benchmarks.scratch import instance, say

PROFILES = 1000
SEED = 1
HOUR = timedelta(hours=1)
SIX_HOURS = 6 * HOUR
# The difference in recall that may be due to chance.
NOISE = 0.005


def main() -> int:
    """Print a line for each pace, and one for polls of all profiles every six hours."""
    say(f"{'pace':12} {'calls':>7} {'recall':>7} {'as often, all':>20} {'every 6 h, some':>20}")
    with instance():
        from instagram.archiving.schedule import intervals  # noqa: PLC0415  needs a configured Django
        from lab.benchmarks import month  # noqa: PLC0415  likewise

        stories = month.world(PROFILES, SEED)
        ahead = [line(name, pace, stories) for name, pace in intervals.STORY_PACES.items()]
        six = month.fixed(stories, SIX_HOURS)
    say(f"{'every 6 h':12} {six.calls:>7} {six.recall:>7.3f}")
    return int(min(ahead) < -NOISE)


def line(name: str, pace: Any, stories: Any) -> float:
    """Print the recall of a pace; returns its lead over fixed polls."""
    from lab.benchmarks import month  # noqa: PLC0415  needs a configured Django

    ours = month.adaptive(stories, pace)
    every = month.MONTH * PROFILES / ours.calls
    share = min(1.0, SIX_HOURS / every)
    all_of_them = month.fixed(stories, every).recall
    some = month.fixed(stories, SIX_HOURS, polled=share).recall
    fixed = f"{all_of_them:>8.3f} at {every / HOUR:>4.1f} h {some:>11.3f} of {share:>4.0%}"
    say(f"{name:12} {ours.calls:>7} {ours.recall:>7.3f} {fixed}")
    return ours.recall - max(all_of_them, some)


if __name__ == "__main__":
    sys.exit(main())
