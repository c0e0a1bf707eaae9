"""A task that corrects times stored by a wrong clock."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.tasks import BaseTask
from instagram.archiving import clocks


@shared_task(name="instagram.end_impossible_waits", base=BaseTask, expires=300)
def end_impossible_waits() -> None:
    """Make runs, files and polls due whose next time is too late to be valid."""
    clocks.end_impossible_waits(now=timezone.now())
