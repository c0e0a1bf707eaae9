"""Tasks that enrich and verify stored files. Messages carry no work: the rows say what is due."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.utils import timezone

from core.tasks import BaseTask, send
from settings import current
from storage import store
from storage.fixity import orphans, quarantine, verify
from storage.models import StoredFile

SECONDS = 240.0  # per message; the rest of the files gets another message
VERIFY_SECONDS = 60.0  # of the 300 seconds between two messages

log = structlog.get_logger(__name__)


@shared_task(name="storage.enrich", base=BaseTask)
def enrich() -> None:
    """Enrich stored files for up to four minutes."""
    from storage import enrichment  # noqa: PLC0415  loads 25 MB of decoders, for this worker alone

    enrichment.reexamine()
    enrichment.enrich_due(seconds=SECONDS)
    _nudge_if_due()


@shared_task(name="storage.sweep_enrichment", base=BaseTask, expires=60)
def sweep_enrichment() -> None:
    """Start the enrichment if files wait for it, after a lost message or a killed worker."""
    _nudge_if_due()


@shared_task(name="storage.verify_due", base=BaseTask, expires=300)
def verify_due() -> None:
    """Verify stored files for a minute, and restore damaged and lost ones."""
    cycle = current.archiving().fixity_cycle
    verify.verify_due(cycle, seconds=VERIFY_SECONDS, now=timezone.now())


@shared_task(name="storage.prune_quarantine", base=BaseTask, expires=3600)
def prune_quarantine() -> None:
    """Restore bytes of kinds that are known by now, and delete old bytes from quarantine.

    Always starts the enrichment, because a new version of the decoders may read files that the
    former one could not.
    """
    # Downloads sweep temporary files too, but no download runs while no file is due.
    store.default().sweep()
    quarantine.restore(timezone.now())
    quarantine.prune(timezone.now())
    send("storage.enrich")


@shared_task(name="storage.find_orphans", base=BaseTask, expires=3600)
def find_orphans() -> None:
    """Log the number of orphaned files and rows. `manage.py verify` lists and deletes them."""
    now = timezone.now()
    files, rows = sum(1 for _ in orphans.files(now)), len(orphans.rows(now))
    if files or rows:
        log.warning("storage.orphans", files=files, rows=rows)


def _nudge_if_due() -> None:
    if StoredFile.objects.awaiting_enrichment(timezone.now()).exists():
        send("storage.enrich")
