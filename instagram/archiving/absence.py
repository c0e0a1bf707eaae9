"""When an object that the provider no longer shows counts as missing, and when as deleted. Pure.

    live ──▶ missing ──▶ deleted        a miss: a poll that saw the whole list without the object
      ▲─────────┴───────────┘           a sighting: one is enough

A poll that failed or saw only a part is no miss; neither is the end of a story's 24 hours.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from instagram.models import Availability, Observed
from settings.current import ArchivingConfig

JUDGED = tuple(each for each in Availability if each != Availability.DELETED)
COLUMNS = (
    "availability", "last_seen_at", "first_missed_at", "last_missed_at", "misses", "confirmed_at",
)  # fmt: skip
# A list with fewer posts than this share of the profile's own count was cut short.
MIN_SHARE = 0.9


def missed(
    row: Observed, *, now: datetime, last_seen: datetime | None, config: ArchivingConfig
) -> dict[str, Any]:
    """The values that one more miss changes; none if it came too soon after the one before.

    `last_seen` is the time of the last poll that showed the row, None if that is not known.
    """
    if row.availability not in JUDGED:
        return {}
    # Misses must be independent: two polls within minutes may share one mistake of the provider.
    # With the setting at zero, one poll still counts only once.
    pause = max(config.time_between_misses, config.time_between_misses.resolution)
    if row.last_missed_at is not None and now - row.last_missed_at < pause:
        return {}
    misses = row.misses + 1
    confirmed = misses >= config.misses_to_confirm
    return {
        "availability": Availability.DELETED if confirmed else Availability.MISSING,
        "misses": misses,
        "last_seen_at": row.last_seen_at if row.misses else last_seen or row.last_seen_at,
        "first_missed_at": row.first_missed_at or now,
        "last_missed_at": now,
        "confirmed_at": now if confirmed else None,
    }


def sighted(*, now: datetime) -> dict[str, Any]:
    """The values beside `availability` that change when a missing row is seen again."""
    return {
        "misses": 0,
        "last_seen_at": now,
        "first_missed_at": None,
        "last_missed_at": None,
        "confirmed_at": None,
    }


def is_full(listed: int, counted: int | None) -> bool:
    """Whether `listed` posts can be all posts of a profile that counts `counted`."""
    # Without a count, an empty list is more likely an error of the provider than an empty profile.
    if counted is None:
        return listed > 0
    return listed >= counted * MIN_SHARE
