"""Enrichment as tasks: a message is only a nudge, the rows decide."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.tasks import BaseTask, send
from storage.models import StoredFile

SECONDS = 240.0  # a message; what is left gets a message of its own


@shared_task(name="storage.enrich", base=BaseTask)
def enrich() -> None:
    """Enrich stored files for some minutes."""
    from storage import enrichment  # noqa: PLC0415  25 MB of decoders, for this worker alone

    enrichment.enrich_due(seconds=SECONDS)
    _nudge_if_due()


@shared_task(name="storage.sweep_enrichment", base=BaseTask, expires=60)
def sweep_enrichment() -> None:
    """Nudge the enrichment where files wait for it: lost messages, dead workers."""
    _nudge_if_due()


def _nudge_if_due() -> None:
    if StoredFile.objects.awaiting_enrichment(timezone.now()).exists():
        send("storage.enrich")
