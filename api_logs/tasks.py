"""Housekeeping of the log."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from api_logs.models import APIRequestLog
from core.tasks import BaseTask
from settings import current

BATCH = 5000


@shared_task(name="api_logs.close_abandoned", base=BaseTask, expires=300)
def close_abandoned() -> int:
    """Close the rows of killed calls as unknown, and return their number."""
    return APIRequestLog.objects.abandoned(timezone.now()).update(
        state=APIRequestLog.State.UNKNOWN, error="The process that made the call was killed."
    )


@shared_task(name="api_logs.delete_expired", base=BaseTask, expires=3600)
def delete_expired() -> int:
    """Delete rows past their retention in bounded batches, and return their number."""
    retention = timedelta(days=current.archiving().api_log_retention_days)
    expired = APIRequestLog.objects.older_than(timezone.now() - retention)
    total = 0
    # Two statements per batch: PostgreSQL may run a limited subquery again for every row.
    while batch := list(expired.values_list("pk", flat=True)[:BATCH]):
        total += APIRequestLog.objects.filter(pk__in=batch).delete()[0]
    return total
