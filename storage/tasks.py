"""Enrichment and care of stored files as tasks: a message is only a nudge, the rows decide."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.utils import timezone

from core.tasks import BaseTask, send
from settings import current
from storage import store
from storage.fixity import orphans, quarantine, verify
from storage.models import StoredFile

SECONDS = 240.0  # a message; what is left gets a message of its own
VERIFY_SECONDS = 60.0  # of the 300 between two messages

log = structlog.get_logger(__name__)


@shared_task(name="storage.enrich", base=BaseTask)
def enrich() -> None:
    """Enrich stored files for some minutes."""
    from storage import enrichment  # noqa: PLC0415  25 MB of decoders, for this worker alone

    enrichment.reexamine()
    enrichment.enrich_due(seconds=SECONDS)
    _nudge_if_due()


@shared_task(name="storage.sweep_enrichment", base=BaseTask, expires=60)
def sweep_enrichment() -> None:
    """Nudge the enrichment where files wait for it: lost messages, dead workers."""
    _nudge_if_due()


@shared_task(name="storage.verify_due", base=BaseTask, expires=300)
def verify_due() -> None:
    """Hash some of the stored files again, and repair what is damaged or lost."""
    cycle = current.archiving().fixity_cycle
    verify.verify_due(cycle, seconds=VERIFY_SECONDS, now=timezone.now())


@shared_task(name="storage.prune_quarantine", base=BaseTask, expires=3600)
def prune_quarantine() -> None:
    """Restore what is known by now, remove what has been in quarantine for long enough.

    Also parts that no download took up: downloads sweep them too, but begin only when a file is
    due. The enrichment is nudged in any case, because new decoders may read what others could not.
    """
    store.default().sweep()
    quarantine.restore(timezone.now())
    quarantine.prune(timezone.now())
    send("storage.enrich")


@shared_task(name="storage.find_orphans", base=BaseTask, expires=3600)
def find_orphans() -> None:
    """Log how many files and rows nobody refers to; `manage.py verify` names and deletes them."""
    now = timezone.now()
    files, rows = sum(1 for _ in orphans.files(now)), len(orphans.rows(now))
    if files or rows:
        log.warning("storage.orphans", files=files, rows=rows)


def _nudge_if_due() -> None:
    if StoredFile.objects.awaiting_enrichment(timezone.now()).exists():
        send("storage.enrich")
