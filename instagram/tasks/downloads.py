"""Downloads as tasks: one message claims whatever is due."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.tasks import BaseTask, send
from instagram.archiving import renewal
from storage.download import batch
from storage.models import Asset

MAX_FILES = 5000  # a message; what is left gets a message of its own
MAX_RENEWALS = 20  # likewise


@shared_task(name="instagram.download_assets", base=BaseTask)
def download_assets() -> None:
    """Download due files on the threads of this worker for some minutes."""
    if batch.download_batch(MAX_FILES).stored:
        send("storage.enrich")
    _nudge_if_due()


@shared_task(name="instagram.renew_urls", base=BaseTask)
def renew_urls() -> None:
    """Ask the provider for fresh URLs of files whose URLs expired, some owners at a time."""
    if renewal.renew_due(MAX_RENEWALS):
        send("instagram.renew_urls")


@shared_task(name="instagram.sweep_downloads", base=BaseTask, expires=60)
def sweep_downloads() -> None:
    """Nudge what is due: lost messages, dead workers, pauses over, expired URLs."""
    _nudge_if_due()


def _nudge_if_due() -> None:
    now = timezone.now()
    if Asset.objects.due(now).exists():
        send("instagram.download_assets")
    if Asset.objects.to_renew(now).exists():
        send("instagram.renew_urls")
