"""What the schedule will ask of the Core API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection

from core.utils.instagram_api import ENDPOINTS, MAX_PAGE_SIZE

DAY = timedelta(days=1)
# The calls of a page, of a poll that finds little: of highlights the tray, and one that changed.
CALLS = {
    "profile": ("user_by_id",),
    "stories": ("user_stories",),
    "posts": ("user_posts",),
    "reels": ("user_reels",),
    "highlights": ("user_highlights", "highlight_stories"),
}
# The polls of a stream until a time, the first when it is due, the others an interval apart; times
# the pages of a tab, which each poll reads to its end. What no poll has counted yet is as long as
# the profile's posts are many, for reels therefore at most.
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
    """Calls, and their price in USD."""

    calls: int
    cost: Decimal


def forecast(*, now: datetime) -> Forecast:
    """What the coming 24 hours will take, if intervals stay as they are; in one query.

    Every poll of posts or reels reads its tab to the end. Profiles that nobody has read yet, tries
    after an error and what people ask for come on top.
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
