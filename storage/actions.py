"""Actions of staff on the download queue and on lost files."""

from __future__ import annotations

import structlog
from django.db.models import QuerySet
from django.utils import timezone

from core.users.models import Account
from storage import signals
from storage.models import Asset, FixityEvent

log = structlog.get_logger(__name__)


def try_again(assets: QuerySet[Asset]) -> int:
    """Put failed assets back in the queue with all their attempts. Returns how many."""
    now = timezone.now()
    count = assets.filter(state=Asset.State.FAILED).update(
        state=Asset.State.WANTED,
        attempts=0,
        renewals=0,
        next_attempt_at=now,
        updated_at=now,
        error_code="",
        error="",
    )
    if count:
        signals.files_due.send(Asset)
    return count


def try_now(assets: QuerySet[Asset]) -> int:
    """End the backoff of assets that wait for another attempt. Returns how many."""
    now = timezone.now()
    waiting = assets.filter(state__in=(Asset.State.WANTED, Asset.State.EXPIRED))
    count = waiting.filter(next_attempt_at__gt=now).update(next_attempt_at=now)
    if count:
        signals.pauses_ended.send(Asset)
    return count


def accept_losses(events: QuerySet[FixityEvent], *, by: Account) -> int:
    """Close open events, so that their bytes are no longer searched for. Returns how many.

    The events stay on record. The assets stay in the queue, and if a download succeeds after all,
    its bytes are stored.
    """
    count = events.filter(repaired_at=None).update(
        repaired_by=FixityEvent.Repair.ACCEPTED, repaired_at=timezone.now(), accepted_by=by
    )
    log.info("fixity.accepted", events=count, account=by.pk)
    return count
