"""The dispatcher at 100,000 profiles: `python -m lab.benchmarks.dispatcher`.

Each tick is measured next to the bare SELECT of as many polls in the same order, sent again without
Django. Every tick is rolled back, so that each begins with the same tables. Exit status 1 when one
takes more than a fifth of the 15 seconds until the next.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from lab.benchmarks.scratch import instance, say

PROFILES = 100_000
ROUNDS = 5
MAX_MILLISECONDS = 3000
SEED_PROFILES = """
INSERT INTO instagram_user
       (uuid, instagram_id, username, search_text, search_grams, availability, misses, schedule,
        original_profile_picture_url, allow_auto_update_stories, allow_auto_update_profile,
        auto_update_stories_limit_count, auto_update_profile_limit_count, created_at, updated_at)
SELECT gen_random_uuid(), number::text, 'user' || number, 'user' || number, '{}', 'live', 0, 'all',
       '', true, true, 0, 0, now(), now()
  FROM generate_series(1, %s) number
"""
SEED_POLLS = """
INSERT INTO instagram_streampoll (user_id, stream, "interval", polled_at, due_at, deadline_at)
SELECT uuid, stream, interval '20 hours', %(now)s - wait, %(now)s + wait,
       %(now)s + wait + interval '4 hours' * random()
  FROM (SELECT uuid, stream, interval '1 minute' + interval '20 hours' * random() AS wait
          FROM instagram_user,
               unnest(ARRAY['profile', 'stories', 'posts', 'reels', 'highlights']) stream) each
"""
BARE = """
SELECT poll.id, poll.user_id, poll.stream
  FROM instagram_streampoll poll JOIN instagram_user profile ON profile.uuid = poll.user_id
 WHERE poll.due_at <= %s
 ORDER BY poll.deadline_at, poll.id
 LIMIT %s
"""


def main() -> int:
    """Seed, then measure and print every kind of tick."""
    with instance():
        now = seed()
        say(f"{'tick':34} {'runs':>6} {'tick ms':>8} {'SELECT ms':>10} {'allowed':>8}")
        slowest = max(lines(now))
    return int(slowest > MAX_MILLISECONDS)


def seed() -> datetime:
    """Fill the tables; returns the time of the first tick, at which no poll is due."""
    from django.db import connection  # noqa: PLC0415  needs a configured Django
    from django.utils import timezone  # noqa: PLC0415  likewise

    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(SEED_PROFILES, [PROFILES])
        cursor.execute(SEED_POLLS, {"now": now})
        cursor.execute("VACUUM ANALYZE instagram_user, instagram_streampoll")
    return now


def lines(now: datetime) -> list[float]:
    """Measure and print every kind of tick; returns the milliseconds."""
    from instagram.archiving import schedule  # noqa: PLC0415  needs a configured Django
    from instagram.archiving.schedule import dispatching  # noqa: PLC0415  likewise

    full = dispatching.MAX_ACTIVE
    # An installation limits the active runs, which would hide the cost of starting more.
    dispatching.MAX_ACTIVE = PROFILES

    def starting(limit: int) -> Callable[[datetime], int]:
        return lambda now: schedule.dispatch(now=now, limit=limit)

    return [
        line("flags: none changed", now, 0, lambda now: schedule.apply_flags(now=now)),
        line("flags: 1,000 were switched off", now, 1000, switched_off),
        line("nothing due", now, 1000, starting(1000)),
        line("1,000 due", now + due_after(1000), 1000, starting(1000)),
        line("everything due, a tick's worth", now + timedelta(days=1), full, starting(full)),
        line("everything due, 1,000 at once", now + timedelta(days=1), 1000, starting(1000)),
        line("stories that could join: none", now, 0, lambda now: schedule.join_stories(now=now)),
        line("the forecast of a day", now, 0, lambda now: schedule.forecast(now=now).calls),
    ]


def due_after(count: int) -> timedelta:
    """The time after which that many polls are due."""
    return timedelta(minutes=1) + timedelta(hours=20) * count / (5 * PROFILES)


def switched_off(now: datetime) -> int:
    """Apply the flags after 1,000 profiles lost theirs."""
    from instagram.archiving import schedule  # noqa: PLC0415  needs a configured Django
    from instagram.models import User  # noqa: PLC0415  likewise

    chosen = User.objects.order_by("pk").values("pk")[:1000]
    User.objects.filter(pk__in=chosen).update(allow_auto_update_stories=False)
    return schedule.apply_flags(now=now)


def line(name: str, now: datetime, polls: int, tick: Callable[[datetime], int]) -> float:
    """Print the medians with and without Django; returns that of the tick."""
    from django.db import transaction  # noqa: PLC0415  needs a configured Django

    ours, bare, counts = [], [], []
    for _ in range(ROUNDS):
        with transaction.atomic():
            bare.append(milliseconds(lambda: select(now, polls)))
            ours.append(milliseconds(lambda: counts.append(tick(now))))
            transaction.set_rollback(True)
    slow, fast = statistics.median(ours), statistics.median(bare)
    say(f"{name:34} {counts[-1]:>6} {slow:>8.1f} {fast:>10.1f} {MAX_MILLISECONDS:>8}")
    return slow


def select(now: datetime, limit: int) -> None:
    """Read the polls of a tick without Django's models."""
    from django.db import connection  # noqa: PLC0415  needs a configured Django

    with connection.cursor() as cursor:
        cursor.execute(BARE, [now, limit])
        cursor.fetchall()


def milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    sys.exit(main())
