"""Causes deadlocks: a second client that locks the workers' rows in the opposite order."""

from __future__ import annotations

import time

from django.db import DatabaseError, models, transaction

from core.db.retrying import is_conflict
from instagram.models import ArchiveRun, Post, RunStream, User
from storage.models import Asset, StoredFile

REVERSED_LOCK_ORDER: tuple[type[models.Model], ...] = (
    StoredFile, Asset, Post, RunStream, ArchiveRun, User,
)  # fmt: skip
ROWS = 20
SECONDS_TO_HOLD = 0.02


def contend(seconds: float) -> None:
    """Lock random rows of every table for that long. PostgreSQL picks each deadlock's victim."""
    # Many short transactions, because a deadlock needs a worker that holds one of these rows and
    # waits for another.
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with transaction.atomic():
                for model in REVERSED_LOCK_ORDER:
                    rows = model._default_manager.order_by("?").select_for_update()  # noqa: SLF001  documented by Django
                    list(rows.values_list("pk")[:ROWS])
                    time.sleep(SECONDS_TO_HOLD)
        except DatabaseError as error:
            # PostgreSQL may end this transaction instead of the worker's. Then it tries again.
            if not is_conflict(error):
                raise
