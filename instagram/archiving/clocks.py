"""Finds waits that are longer than any the archive sets, and ends them.

Only a wrong clock can have stored such a wait. The waits of providers are corrected
when a call is admitted (`ProviderState.set_right`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from api_logs.gate import alarms
from core import clocks
from core.db.retrying import retry_on_conflict
from instagram.archiving.schedule import intervals
from instagram.models import ArchiveRun, StreamPoll
from instagram.models import runs as run_limits
from storage.models import Asset, StoredFile
from storage.models import assets as asset_limits
from storage.models.files import ENRICHMENT_LEASE

log = structlog.get_logger(__name__)


@retry_on_conflict
def end_impossible_waits(*, now: datetime) -> timedelta:
    """Make rows due now that wait for an impossible time, and raise the alarm ClockAhead.

    Returns the largest excess, zero if all times are possible. Sends 7 statements in that case.
    """
    excess = max(_of_runs(now), _of_files(now), _of_polls(now))
    if excess:
        log.warning("clock.ahead", excess=excess.total_seconds())
        alarms.clock_ahead("", excess, now=now)
    return excess


def _of_runs(now: datetime) -> timedelta:
    active = ArchiveRun.objects.active()
    return max(
        clocks.set_right(active, "leased_until", longest=run_limits.LEASE, now=now),
        clocks.set_right(active, "next_attempt_at", longest=run_limits.MAX_PAUSE, now=now),
    )


def _of_files(now: datetime) -> timedelta:
    queued = Asset.objects.filter(state__in=(Asset.State.WANTED, Asset.State.EXPIRED))
    unread = StoredFile.objects.filter(enriched_at=None)
    return max(
        clocks.set_right(queued, "leased_until", longest=asset_limits.LEASE, now=now),
        clocks.set_right(queued, "next_attempt_at", longest=asset_limits.MAX_BACKOFF, now=now),
        clocks.set_right(unread, "enrichment_lease_until", longest=ENRICHMENT_LEASE, now=now),
    )


def _of_polls(now: datetime) -> timedelta:
    scheduled = StreamPoll.objects.exclude(due_at=None)
    # A poll with a time in the future proves nothing about that time, so it is made again.
    polled = clocks.set_right(
        scheduled, "polled_at", longest=timedelta(), now=now, instead={"due_at": now}
    )
    due = clocks.set_right(scheduled, "due_at", longest=intervals.MAX_INTERVAL, now=now)
    return max(polled, due)
