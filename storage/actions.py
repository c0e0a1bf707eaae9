"""What staff can ask of the download queue."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone

from core.tasks import send_on_commit
from storage.models import Asset


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
        send_on_commit("instagram.download_assets")
    return count
