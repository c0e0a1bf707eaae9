"""What runs by itself, as the scheduler has it."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django_celery_beat.models import PeriodicTask
from pytest_django import Settings

pytestmark = pytest.mark.django_db


def sync() -> None:
    call_command("sync_schedules", stdout=StringIO())


def test_every_schedule_is_in_place(settings: Settings) -> None:
    sync()

    names = {schedule.task for schedule in settings.SCHEDULES}
    assert {*PeriodicTask.objects.values_list("name", flat=True)} == names


def test_what_staff_changed_stays() -> None:
    sync()
    PeriodicTask.objects.filter(name="core.heartbeat").update(enabled=False)

    sync()

    assert not PeriodicTask.objects.get(name="core.heartbeat").enabled


def test_a_schedule_that_is_dropped_goes_and_those_of_others_stay(settings: Settings) -> None:
    sync()
    heartbeat = PeriodicTask.objects.get(name="core.heartbeat")
    PeriodicTask.objects.create(name="by hand", task="x", interval=heartbeat.interval)
    settings.SCHEDULES = ()

    sync()

    assert [task.name for task in PeriodicTask.objects.all()] == ["by hand"]
