from typing import Any

from django.apps import AppConfig, apps
from django.apps.registry import Apps
from django.core.checks import Tags, register
from django.db import DEFAULT_DB_ALIAS
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate

from core.db.encoding import require_utf8


class CoreConfig(AppConfig):
    """What every room may use: errors, logging, base models, the shared API parts."""

    name = "core"
    label = "core"
    verbose_name = "Operation"

    def ready(self) -> None:
        """Let each `migrate`, which everything else waits for, bring the schedules up to date.

        It asks of the services what an archive needs, and no connection is made to a database of
        the wrong encoding.
        """
        from core import checks  # noqa: PLC0415  not before the models are loaded

        post_migrate.connect(sync_schedules, sender=self)
        connection_created.connect(require_utf8)
        register(checks.clocks, Tags.database)
        register(checks.eviction, Tags.database)


def sync_schedules(*, using: str, apps: Apps = apps, **_: Any) -> None:
    """See `core.schedules`. Nothing where the scheduler's tables are not there, or not any more."""
    if using != DEFAULT_DB_ALIAS or "periodictask" not in apps.all_models["django_celery_beat"]:
        return
    from core import schedules  # noqa: PLC0415  not before the models are loaded

    schedules.sync()
