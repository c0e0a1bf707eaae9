"""Helpers of the fixity tests: old files, and damage."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from storage.fixity import verify
from storage.models import StoredFile
from storage.store import Store

CYCLE = timedelta(days=30)
LONG_AGO = timezone.now() - timedelta(days=365)


def verify_round(*, seconds: float = 30) -> int:
    return verify.verify_due(CYCLE, seconds=seconds, now=timezone.now())


def flip(media_store: Store, file: StoredFile) -> bytes:
    """Change one bit in the middle, and return the damaged bytes. The size stays."""
    path = media_store.root / file.name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    return bytes(data)
