"""Syncs the declared schedules with the scheduler's tables, in which staff edit schedules."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask


def declared() -> dict[str, int]:
    """The interval in seconds of each periodic task, by its name.

    Those of the archive are in `config/schedules.py`. A feature declares its own as `schedules` of
    its AppConfig, so that they go with its folder.
    """
    found = {each.task: each.seconds for each in settings.SCHEDULES}
    for app in apps.get_app_configs():
        found |= getattr(app, "schedules", {})
    return found


@transaction.atomic
def sync() -> None:
    """Add missing schedules by name and delete those that are no longer declared.

    Edits by staff and schedules added by staff are kept.
    """
    schedules = declared()
    for task, seconds in schedules.items():
        interval, _ = IntervalSchedule.objects.get_or_create(
            every=seconds, period=IntervalSchedule.SECONDS
        )
        PeriodicTask.objects.get_or_create(
            name=task,
            defaults={
                "task": task,
                "interval": interval,
                "description": settings.SCHEDULE_ORIGIN,
            },
        )
    dropped = PeriodicTask.objects.filter(description=settings.SCHEDULE_ORIGIN)
    dropped.exclude(name__in=schedules).delete()
