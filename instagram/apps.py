from typing import Any

from django.apps import AppConfig, apps
from django.apps.registry import Apps
from django.db import DEFAULT_DB_ALIAS
from django.db.models.signals import post_migrate
from django.utils import timezone

from core.tasks import send_on_commit
from storage import signals


class InstagramConfig(AppConfig):
    """Profiles, posts, stories, and the pipeline that archives them."""

    name = "instagram"
    label = "instagram"
    verbose_name = "Archive"

    def ready(self) -> None:
        """Connect the feed clock to `migrate`, and offer the probe of the Core API."""
        from settings import probes  # noqa: PLC0415  not before the models are loaded

        probes.registry.register("core_api", ask_core_api)
        post_migrate.connect(follow_cluster, sender=self)
        signals.files_due.connect(start_downloads)
        signals.pauses_ended.connect(sweep_downloads)


def ask_core_api(config: Any) -> str:
    """The probe of a Core API (see `core.utils.account`)."""
    from core.utils import account  # noqa: PLC0415  loads the HTTP client, for this only

    return account.describe(config)


def start_downloads(**_: Any) -> None:
    """Nudge a download worker once the transaction is committed."""
    send_on_commit("instagram.download_assets")


def sweep_downloads(**_: Any) -> None:
    """Nudge the sweep, which finds what is due, once the transaction is committed."""
    send_on_commit("instagram.sweep_downloads")


def follow_cluster(*, using: str, apps: Apps = apps, **_: Any) -> None:
    """Call `FeedClock.follow`. Does nothing if its table does not exist."""
    if using != DEFAULT_DB_ALIAS or "feedclock" not in apps.all_models["instagram"]:
        return
    from instagram.models import FeedClock  # noqa: PLC0415  not before the models are loaded

    FeedClock.follow(now=timezone.now())
