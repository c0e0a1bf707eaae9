"""`config/schedules.py` in the scheduler's tables, where staff change intervals and switch off."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask


@transaction.atomic
def sync() -> None:
    """Add what is missing, by name, and remove what this project once scheduled and no longer does.

    What staff changed stays, and so do the schedules that they made.
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
