from typing import Any

from django.apps import AppConfig, apps
from django.apps.registry import Apps
from django.core.checks import Tags, register
from django.db import DEFAULT_DB_ALIAS
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules

from core.db.encoding import require_utf8


class CoreConfig(AppConfig):
    """Shared by all apps: errors, logging, base models, parts of the REST API."""

    name = "core"
    label = "core"
    verbose_name = "Operation"

    def ready(self) -> None:
        """Connect the checks and the schedule sync to `migrate`, which runs before all else.

        The checks ask PostgreSQL and Redis for what an archive needs. Connections to a database of
        another encoding are refused. The consumers of events are in the `events` modules of the
        apps.
        """
        from core import checks  # noqa: PLC0415  not before the models are loaded
        from core.events import delivery  # noqa: F401, PLC0415  the same; it registers tasks

        autodiscover_modules("events")
        post_migrate.connect(sync_schedules, sender=self)
        post_migrate.connect(sync_events, sender=self)
        post_migrate.connect(sync_permissions, sender=self)
        post_migrate.connect(sync_flags, sender=self)
        connection_created.connect(require_utf8)
        register(checks.clocks, Tags.database)
        register(checks.eviction, Tags.database)
        register(checks.leftover_tables, Tags.database)


def sync_schedules(*, using: str, apps: Apps = apps, **_: Any) -> None:
    """Sync the schedules. Does nothing if the scheduler's tables do not exist."""
    if using != DEFAULT_DB_ALIAS or "periodictask" not in apps.all_models["django_celery_beat"]:
        return
    from core import schedules  # noqa: PLC0415  not before the models are loaded

    schedules.sync()


def sync_events(*, using: str, apps: Apps = apps, **_: Any) -> None:
    """Sync the places of the consumers. Does nothing if their table does not exist."""
    if using != DEFAULT_DB_ALIAS or "consumerplace" not in apps.all_models["core"]:
        return
    from core.events import delivery  # noqa: PLC0415  not before the models are loaded

    delivery.settle_in()


def sync_permissions(*, using: str, apps: Apps = apps, **_: Any) -> None:
    """Sync the declared permissions. Does nothing if Django's tables do not exist."""
    if using != DEFAULT_DB_ALIAS or "permission" not in apps.all_models["auth"]:
        return
    from core import permissions  # noqa: PLC0415  not before the models are loaded

    permissions.sync()


def sync_flags(*, using: str, apps: Apps = apps, **_: Any) -> None:
    """Sync the declared flags. Does nothing if their table does not exist."""
    if using != DEFAULT_DB_ALIAS or "featureflag" not in apps.all_models["core"]:
        return
    from core import flags  # noqa: PLC0415  not before the models are loaded

    flags.sync()
