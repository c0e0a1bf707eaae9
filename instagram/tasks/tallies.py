"""Keeps the tallies few."""

from __future__ import annotations

from celery import shared_task

from core.tasks import BaseTask
from instagram.models import RowTally


@shared_task(name="instagram.merge_tallies", base=BaseTask, expires=900)
def merge_tallies() -> None:
    """Merge the tallies of each table into one, so that the statistic adds up few rows."""
    RowTally.objects.merge()
