"""The schedules in the scheduler's tables."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django_celery_beat.models import PeriodicTask
from pytest_django import Settings

from core import schedules

pytestmark = pytest.mark.django_db


@pytest.mark.slow
def test_every_migrate_puts_every_schedule_in_place(settings: Settings) -> None:
    PeriodicTask.objects.all().delete()

    call_command("migrate", verbosity=0)

    names = {schedule.task for schedule in settings.SCHEDULES}
    assert {*PeriodicTask.objects.values_list("name", flat=True)} == names | {"toy.count_notes"}


@pytest.mark.slow
def test_a_database_without_the_scheduler_s_tables_can_be_migrated() -> None:
    call_command("migrate", "django_celery_beat", "zero", verbosity=0)

    assert "django_celery_beat_periodictask" not in connection.introspection.table_names()


@pytest.mark.slow
def test_changes_by_staff_are_kept() -> None:
    schedules.sync()
    PeriodicTask.objects.filter(name="instagram.dispatch").update(enabled=False)

    schedules.sync()

    assert not PeriodicTask.objects.get(name="instagram.dispatch").enabled


@pytest.mark.slow
def test_a_dropped_schedule_is_deleted_and_those_of_staff_are_kept(settings: Settings) -> None:
    schedules.sync()
    dispatch = PeriodicTask.objects.get(name="instagram.dispatch")
    PeriodicTask.objects.create(name="by hand", task="x", interval=dispatch.interval)
    settings.SCHEDULES = ()

    schedules.sync()

    assert {task.name for task in PeriodicTask.objects.all()} == {"by hand", "toy.count_notes"}


def test_a_feature_brings_its_schedules(settings: Settings) -> None:
    assert schedules.declared().keys() - {each.task for each in settings.SCHEDULES} == {
        "toy.count_notes"
    }
