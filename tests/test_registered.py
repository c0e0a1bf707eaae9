"""Schedules and routes name existing tasks, and tasks and commands follow the conventions."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class

from config.celery_app import app
from core.schedules import declared
from core.tasks import BaseTask
from tests.support.sources import APPS, FEATURES

PROJECT = (*APPS, *FEATURES, "tests.support.toy_feature")


def own_tasks() -> dict[str, Any]:
    """Every task that the project defines, by name."""
    app.loader.import_default_modules()
    return {
        name: task
        for name, task in app.tasks.items()
        if type(task).run.__module__.startswith(PROJECT)
    }


def own_commands() -> list[tuple[str, str]]:
    """Every management command of the project, with its app."""
    places = get_commands()
    return [
        (name, app_name)
        for name, app_name in sorted(places.items())
        if isinstance(app_name, str) and app_name.startswith(PROJECT)
    ]


@pytest.mark.parametrize("task", declared())
def test_every_schedule_names_a_task(task: str) -> None:
    assert task in own_tasks()


@pytest.mark.parametrize("name", settings.CELERY_TASK_ROUTES)
def test_every_route_names_a_task(name: str) -> None:
    assert name in own_tasks()


def test_every_task_has_a_name_of_its_own() -> None:
    generated = [
        name
        for name, task in own_tasks().items()
        if name == f"{type(task).run.__module__}.{type(task).run.__name__}"
    ]

    assert generated == []


def test_every_task_has_the_limits_of_the_base_task() -> None:
    assert [name for name, task in own_tasks().items() if not isinstance(task, BaseTask)] == []


@pytest.mark.parametrize(("name", "app_name"), own_commands())
def test_every_command_says_what_it_does(name: str, app_name: str) -> None:
    assert load_command_class(app_name, name).help
