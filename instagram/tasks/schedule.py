"""The dispatcher as a task."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.tasks import BaseTask
from instagram.archiving import schedule


@shared_task(name="instagram.dispatch", base=BaseTask, expires=60)
def dispatch() -> None:
    """Apply changed flags, then start runs for due polls within the budget."""
    now = timezone.now()
    schedule.apply_flags(now=now)
    # Runs that could make no call would only fill the table and the queues.
    if streams := schedule.affordable_streams(now=now):
        schedule.join_stories(now=now)
        schedule.dispatch(now=now, streams=streams)
