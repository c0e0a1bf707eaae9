"""A task that finishes erasures after crashes and concurrent calls."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.tasks import BaseTask
from instagram import erasure


@shared_task(name="instagram.finish_erasures", base=BaseTask, expires=60)
def finish_erasures() -> None:
    erasure.finish_all(now=timezone.now())
