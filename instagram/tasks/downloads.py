"""Download tasks. A message claims any due files."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.tasks import BaseTask, send
from instagram.archiving import renewal
from storage.download import batch
from storage.models import Asset

MAX_FILES = 5000  # files per message; another message is sent for the rest
MAX_RENEWALS = 20  # owners per message; another message is sent for the rest


@shared_task(name="instagram.download_assets", base=BaseTask)
def download_assets() -> None:
    """Download due files on the threads of this worker for some minutes."""
    if batch.download_batch(MAX_FILES).stored:
        send("storage.enrich")
    _nudge_if_due()


@shared_task(name="instagram.renew_urls", base=BaseTask)
def renew_urls() -> None:
    """Fetch new URLs for files whose URLs expired, a limited number of owners per message."""
    if renewal.renew_due(MAX_RENEWALS):
        send("instagram.renew_urls")


@shared_task(name="instagram.sweep_downloads", base=BaseTask, expires=60)
def sweep_downloads() -> None:
    """Send messages for due work after lost messages, dead workers, pauses and expired URLs."""
    _nudge_if_due()


def _nudge_if_due() -> None:
    now = timezone.now()
    if Asset.objects.due(now).exists():
        send("instagram.download_assets")
    if Asset.objects.awaiting_renewal(now).exists():
        send("instagram.renew_urls")
