"""Deletes old scheduled runs, of which there are several per profile and day."""

from __future__ import annotations

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from core.db.deleting import delete_at_once
from core.tasks import BaseTask
from instagram.daily_limits import WINDOW
from instagram.models import ArchiveRun, ProfileAddition, RunStream, StreamPage
from settings import current

BATCH = 1000


@shared_task(name="instagram.delete_expired_runs", base=BaseTask, expires=3600)
def delete_expired_runs() -> int:
    """Delete scheduled runs past their retention, in bounded batches; returns how many.

    Each batch sends 4 statements, and one more finds that nothing is left. Additions of profiles
    that no limit counts any more go as well.
    """
    delete_at_once(ProfileAddition.objects.filter(added_at__lte=timezone.now() - WINDOW))
    expired = ArchiveRun.objects.expired(timezone.now() - current.archiving().run_retention)
    total = 0
    while batch := list(expired.values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            # Without Django's cascades, which would load every row.
            streams = RunStream.objects.filter(run__in=batch)
            delete_at_once(StreamPage.objects.filter(stream__in=streams.values("pk")))
            delete_at_once(streams)
            total += delete_at_once(ArchiveRun.objects.filter(pk__in=batch))
    return total
