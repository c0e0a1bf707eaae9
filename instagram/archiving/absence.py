"""When something that is not shown any more counts as missing, and when as deleted. Pure.

    live ──▶ missing ──▶ deleted        a miss: a poll that saw everything, and not this
      ▲─────────┴───────────┘           a sighting: one is enough

Misses must be independent: two polls within minutes may share one mistake of the provider. A poll
that failed, or saw only a part, is no miss; neither is the end of a story's 24 hours.
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
# A listing with fewer posts than this share of what the profile counts is no full listing.
MIN_SHARE = 0.9


def missed(
    row: Observed, *, now: datetime, last_seen: datetime | None, config: ArchivingConfig
) -> dict[str, Any]:
    """What one more miss changes in the row; nothing where it came too soon after the one before.

    `last_seen` is the last poll that still showed it, None where that is not known.
    """
    if row.availability not in JUDGED or _is_too_soon(row, now, config):
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
    """What a sighting changes in a row that was not known to be there, beside its availability."""
    return {
        "misses": 0,
        "last_seen_at": now,
        "first_missed_at": None,
        "last_missed_at": None,
        "confirmed_at": None,
    }


def is_full(listed: int, counted: int | None) -> bool:
    """Whether so many listed posts may be all that a profile of that count has.

    An empty list is believed only where the profile itself says that it has nothing.
    """
    if counted is None:
        return listed > 0
    return listed >= counted * MIN_SHARE


def _is_too_soon(row: Observed, now: datetime, config: ArchivingConfig) -> bool:
    return row.last_missed_at is not None and now - row.last_missed_at < max(
        config.time_between_misses, config.time_between_misses.resolution
    )
