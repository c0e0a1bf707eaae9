"""What the schedule will ask of the Core API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection

from core.utils.instagram_api import ENDPOINTS

DAY = timedelta(days=1)
# The calls of a poll that finds little: one page of each stream, and one highlight that changed.
CALLS = {
    "profile": ("user_by_id",),
    "stories": ("user_stories",),
    "posts": ("user_posts",),
    "reels": ("user_reels",),
    "highlights": ("user_highlights", "highlight_stories"),
}
# The polls of a stream until a time: the first when it is due, the others an interval apart.
POLLS = """
SELECT stream,
       sum(1 + floor(extract(epoch FROM %(until)s - greatest(due_at, %(now)s))
                     / extract(epoch FROM "interval")))::bigint
  FROM instagram_streampoll
 WHERE due_at <= %(until)s
 GROUP BY stream
"""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Calls, and their price in USD."""

    calls: int
    cost: Decimal


def forecast(*, now: datetime) -> Forecast:
    """What the coming 24 hours will take, if intervals stay as they are; in one query.

    Backfills, tries after an error and what people ask for come on top.
    """
    with connection.cursor() as cursor:
        cursor.execute(POLLS, {"now": now, "until": now + DAY})
        polls: dict[str, int] = dict(cursor.fetchall())
    asked = [(count, CALLS[stream]) for stream, count in polls.items()]
    return Forecast(
        calls=sum(count * len(names) for count, names in asked),
        cost=sum(
            (count * ENDPOINTS[name].price for count, names in asked for name in names), Decimal(0)
        ),
    )
