"""Estimates the calls of the schedule and their cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection

from core.utils.instagram_api import ENDPOINTS, MAX_PAGE_SIZE

DAY = timedelta(days=1)
# The calls for one page of each stream. For highlights: the tray, and one highlight that changed.
CALLS = {
    "profile": ("user_by_id",),
    "stories": ("user_stories",),
    "posts": ("user_posts",),
    "reels": ("user_reels",),
    "highlights": ("user_highlights", "highlight_stories"),
}
# The polls of each stream until a time, the first when it is due and the others an interval apart,
# multiplied by the pages of a tab, which each poll reads to its end. If no poll has counted the
# pages, the profile's count of posts is divided by the page size. For reels that is too high,
# because the count covers all posts.
PAGES = """
SELECT stream,
       sum((1 + floor(extract(epoch FROM %(until)s - greatest(due_at, %(now)s))
                      / extract(epoch FROM "interval")))
           * CASE WHEN stream IN ('posts', 'reels')
                  THEN greatest(1, coalesce(pages, ceil(media_count / %(page)s::numeric)))
                  ELSE 1 END)::bigint
  FROM instagram_streampoll
  JOIN instagram_user ON uuid = user_id
 WHERE due_at <= %(until)s
 GROUP BY stream
"""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The number of calls, and their cost in USD."""

    calls: int
    cost: Decimal


def forecast(*, now: datetime) -> Forecast:
    """The calls of the next 24 hours if intervals stay as they are, in one query.

    Does not include profiles that were never read, retries after errors, and requested runs.
    """
    with connection.cursor() as cursor:
        cursor.execute(PAGES, {"now": now, "until": now + DAY, "page": MAX_PAGE_SIZE})
        pages: dict[str, int] = dict(cursor.fetchall())
    asked = [(count, CALLS[stream]) for stream, count in pages.items()]
    return Forecast(
        calls=sum(count * len(names) for count, names in asked),
        cost=sum(
            (count * ENDPOINTS[name].price for count, names in asked for name in names), Decimal(0)
        ),
    )
