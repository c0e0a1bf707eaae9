from typing import Any

from django.apps import AppConfig, apps
from django.apps.registry import Apps
from django.core.checks import Tags, register
from django.db import DEFAULT_DB_ALIAS
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate

from core.db.encoding import require_utf8


class CoreConfig(AppConfig):
    """Shared by all apps: errors, logging, base models, parts of the REST API."""

    name = "core"
    label = "core"
    verbose_name = "Operation"

    def ready(self) -> None:
        """Connect the checks and the schedule sync to `migrate`, which runs before all else.

        The checks ask PostgreSQL and Redis for what an archive needs. Connections to a database of
        another encoding are refused.
        """
        from core import checks  # noqa: PLC0415  not before the models are loaded

        post_migrate.connect(sync_schedules, sender=self)
        connection_created.connect(require_utf8)
        register(checks.clocks, Tags.database)
        register(checks.eviction, Tags.database)


def sync_schedules(*, using: str, apps: Apps = apps, **_: Any) -> None:
    """Sync the schedules. Does nothing if the scheduler's tables do not exist."""
    if using != DEFAULT_DB_ALIAS or "periodictask" not in apps.all_models["django_celery_beat"]:
        return
    from core import schedules  # noqa: PLC0415  not before the models are loaded

    schedules.sync()
