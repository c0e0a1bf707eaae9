"""The periodic task of the toy."""

from __future__ import annotations

from celery import shared_task

from core.tasks import BaseTask
from tests.support.toy_feature.models import Note


@shared_task(name="toy.count_notes", base=BaseTask)
def count_notes() -> int:
    """Count the notes."""
    return Note.objects.count()
