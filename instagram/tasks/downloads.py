"""Downloads as tasks: one message claims whatever is due."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.tasks import BaseTask, send
from storage import batch
from storage.models import Asset

MOST_FILES = 5000  # a message; what is left gets a message of its own


@shared_task(name="instagram.download_assets", base=BaseTask)
def download_assets() -> None:
    """Download due files on the threads of this worker for some minutes."""
    if batch.download_batch(MOST_FILES).stored:
        send("storage.enrich")
    _nudge_if_due()


@shared_task(name="instagram.sweep_downloads", base=BaseTask, expires=60)
def sweep_downloads() -> None:
    """Nudge a download where something is due: lost messages, dead workers, pauses over."""
    _nudge_if_due()


def _nudge_if_due() -> None:
    if Asset.objects.due(timezone.now()).exists():
        send("instagram.download_assets")
