"""`manage.py check_core_api`: is archiving configured? Asked before a run fails for it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from core.errors import NotConfigured
from core.utils import core_api


class Command(BaseCommand):
    """Looks at the configuration alone; nothing is called."""

    help = "Say where the Core API is, or what is missing before it can be called."

    def handle(self, *_args: str, **_options: Any) -> None:
        """One line in either case."""
        try:
            self.stdout.write(f"Core API: {core_api.configuration().base_url}")
        except NotConfigured as error:
            self.stdout.write(f"Every archive run will fail: {error}")
