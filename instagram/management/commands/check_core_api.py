"""`manage.py check_core_api`: check the configuration of the providers."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from core.utils import core_api
from core.utils.errors import NotConfigured
from settings import current
from settings.current import CoreAPIConfig


class Command(BaseCommand):
    """Checks the configuration without sending a request."""

    help = "Say where the Core API is, or what is missing before it can be called."

    def handle(self, *_args: str, **_options: Any) -> None:
        configs = current.core_apis()
        problems = [problem(config) for config in configs]
        if all(problems):
            self.stdout.write(f"Every archive run will fail: {problems[0]}")
            return
        for config, what in zip(configs, problems, strict=True):
            self.stdout.write(f"Core API ({config.name}): {what or config.base_url}")


def problem(config: CoreAPIConfig) -> str:
    """The reason why the provider cannot be called; "" if it can."""
    try:
        core_api.checked(config)
    except NotConfigured as error:
        return str(error)
    return ""
