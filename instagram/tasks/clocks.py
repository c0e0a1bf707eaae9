"""What a wrong clock has stored, set right as a task."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.tasks import BaseTask
from instagram.archiving import clocks


@shared_task(name="instagram.end_impossible_waits", base=BaseTask, expires=300)
def end_impossible_waits() -> None:
    """Let runs, files and polls be due that wait for a time which only a wrong clock can set."""
    clocks.end_impossible_waits(now=timezone.now())
