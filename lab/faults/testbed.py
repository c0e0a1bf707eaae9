"""Where cases are played: a database, a store, a simulator, and services that may be struck."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from django.apps import apps
from django.conf import settings
from django.db import connection

from lab.faults.cases import FAULT_KINDS, SERVICE_FAULTS, FaultKind
from lab.simulator.client import SimulatorControl
from settings.models import CoreAPISetting

# What `migrate` writes.
KEPT = frozenset({"django_content_type", "auth_permission", "instagram_feedclock"})
SECONDS_PER_CALL = 2
CALLS_PER_SECOND = 1000
ROOM_LEFT = 400_000
"""Bytes that a full disk still takes: the fault strikes in the middle of the files."""


class Services(Protocol):
    """PostgreSQL and Valkey, as far as cases strike them."""

    def restart_postgres(self) -> None:
        """Stop it without ceremony, start it on the same data, return once it answers."""

    def kill_postgres(self) -> None:
        """Kill it, start it on the same data, return once it answers."""

    def restart_valkey(self) -> None:
        """Kill it, start it on the same data, return once it answers."""

    def flush_valkey(self) -> None:
        """Empty it."""


@dataclass(frozen=True, slots=True)
class Testbed:
    """Shared by all cases, one after the other."""

    control: SimulatorControl
    folder: Path
    """For logs; no stored files."""
    services: Services | None = None
    """None: they belong to others too, and are left alone."""
    small_disk: Path | None = None
    """The root of a small file system that holds the store; None: the disk cannot be filled."""
    _ballast: str = field(default="ballast", init=False)

    @property
    def available(self) -> tuple[FaultKind, ...]:
        """The faults that can fall here."""
        missing: Collection[str] = SERVICE_FAULTS if self.services is None else ()
        return tuple(
            kind
            for kind in FAULT_KINDS
            if kind not in missing and (kind != "disk_full" or self.small_disk)
        )

    def clear(self) -> None:
        """Empty everything: rows, stored files, messages, and the simulator's world."""
        self.free_disk()
        shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)
        tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}  # noqa: SLF001  documented by Django
        names = ", ".join(connection.ops.quote_name(name) for name in sorted(tables - KEPT))
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {names} CASCADE")
        CoreAPISetting.objects.create(
            timeout_seconds=SECONDS_PER_CALL, requests_per_second=CALLS_PER_SECOND
        )
        self.flush()
        self.control.reset()

    def flush(self) -> None:
        """Forget the messages, where the broker is ours."""
        if self.services is not None:
            self.services.flush_valkey()

    def fill_disk(self) -> None:
        """Leave no room on the store's file system but for a few files."""
        if self.small_disk is None:
            raise RuntimeError("no small disk")
        free = os.statvfs(self.small_disk)
        size = free.f_bavail * free.f_frsize - ROOM_LEFT
        with (self.small_disk / self._ballast).open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, max(size, 1))

    def free_disk(self) -> None:
        """Make room again."""
        if self.small_disk is not None:
            (self.small_disk / self._ballast).unlink(missing_ok=True)
