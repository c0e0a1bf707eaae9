"""What staff can ask of the download queue, and say of what is lost."""

from __future__ import annotations

import structlog
from django.db.models import QuerySet
from django.utils import timezone

from core.users.models import Account
from storage import signals
from storage.models import Asset, FixityEvent

log = structlog.get_logger(__name__)


def try_again(assets: QuerySet[Asset]) -> int:
    """Put failed assets back in the queue with all their attempts; returns how many."""
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
    """End the pauses of files that wait for another attempt; returns how many did."""
    now = timezone.now()
    waiting = assets.filter(state__in=(Asset.State.WANTED, Asset.State.EXPIRED))
    count = waiting.filter(next_attempt_at__gt=now).update(next_attempt_at=now)
    if count:
        signals.pauses_ended.send(Asset)
    return count


def accept_losses(events: QuerySet[FixityEvent], *, by: Account) -> int:
    """Close open events: nobody looks for these bytes any more; returns how many.

    They stay on record. Assets that want them go on as they are, and bytes that a download brings
    after all are stored.
    """
    count = events.filter(repaired_at=None).update(
        repaired_by=FixityEvent.Repair.ACCEPTED, repaired_at=timezone.now(), accepted_by=by
    )
    log.info("fixity.accepted", events=count, account=by.pk)
    return count
