"""Downloads as tasks: one message claims whatever is due."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone
from storage.downloads import download_batch

from core.tasks import BaseTask, send
from settings import current
from storage.models import Asset


@shared_task(name="instagram.download_assets", base=BaseTask)
def download_assets() -> None:
    """Download due files on the threads of this worker until none is due."""
    download_batch(threads=current.archiving().download_threads)


@shared_task(name="instagram.sweep_downloads", base=BaseTask, expires=60)
def sweep_downloads() -> None:
    """Nudge a download where something is due: lost messages, dead workers, pauses over."""
    if Asset.objects.due(timezone.now()).exists():
        send("instagram.download_assets")
