"""Syncs `config/schedules.py` with the scheduler's tables, in which staff edit schedules."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask


@transaction.atomic
def sync() -> None:
    """Add missing schedules by name and delete those that the project no longer defines.

    Edits by staff and schedules added by staff are kept.
    """
    for schedule in settings.SCHEDULES:
        interval, _ = IntervalSchedule.objects.get_or_create(
            every=schedule.seconds, period=IntervalSchedule.SECONDS
        )
        PeriodicTask.objects.get_or_create(
            name=schedule.task,
            defaults={
                "task": schedule.task,
                "interval": interval,
                "description": settings.SCHEDULE_ORIGIN,
            },
        )
    dropped = PeriodicTask.objects.filter(description=settings.SCHEDULE_ORIGIN)
    dropped.exclude(name__in=[schedule.task for schedule in settings.SCHEDULES]).delete()
