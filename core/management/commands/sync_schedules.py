"""`manage.py sync_schedules`: write `config/schedules.py` into the scheduler's tables."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask


class Command(BaseCommand):
    """Syncs by name: new schedules appear, dropped ones go, what staff changed stays."""

    help = "Write the periodic tasks of config/schedules.py; run it after every migrate."

    @transaction.atomic
    def handle(self, *_args: str, **_options: Any) -> None:
        """Add what is missing, and remove what this project once scheduled and no longer does."""
        names = [schedule.task for schedule in settings.SCHEDULES]
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
        dropped.exclude(name__in=names).delete()
        self.stdout.write(f"{len(names)} schedules in place")
