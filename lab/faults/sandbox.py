"""The database, store, simulator and services that all cases run on. The services can fail."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.db import connection

from lab.faults.cases import FAULT_KINDS, SERVICE_FAULTS, FaultKind
from lab.simulator.client import SimulatorControl
from settings.models import CoreAPISetting

# Tables that `migrate` fills.
KEPT = frozenset(
    {
        "django_content_type", "auth_permission", "auth_group", "auth_group_permissions",
        "instagram_feedclock",
    }
)  # fmt: skip
SECONDS_PER_CALL = 2
CALLS_PER_SECOND = 1000
# Free bytes left on a full disk, so that it fills up in the middle of a download.
ROOM_LEFT = 400_000


class Services(Protocol):
    """The PostgreSQL and Valkey that faults are injected into."""

    def restart_postgres(self) -> None:
        """Stop it immediately, start it on the same data, return when it accepts connections."""

    def kill_postgres(self) -> None:
        """Kill it, start it on the same data, return when it accepts connections."""

    def restart_valkey(self) -> None:
        """Kill it, start it on the same data, return when it accepts connections."""

    def flush_valkey(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Shared by all cases, which run one after the other."""

    control: SimulatorControl
    # For the logs of the cases.
    folder: Path
    # None if other processes use the services too; their faults are left out then.
    services: Services | None = None
    # The root of a small file system with the store on it; None if the disk cannot be filled.
    small_disk: Path | None = None
    _ballast: str = field(default="ballast", init=False)

    @property
    def available(self) -> tuple[FaultKind, ...]:
        """The kinds of faults that can be injected on this machine."""
        missing: Collection[str] = SERVICE_FAULTS if self.services is None else ()
        return tuple(
            kind
            for kind in FAULT_KINDS
            if kind not in missing and (kind != "disk_full" or self.small_disk)
        )

    def clear(self) -> None:
        """Delete all rows, stored files and messages, and reset the simulator."""
        self.free_disk()
        shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)
        tables = {*connection.introspection.django_table_names(only_existing=True)}
        names = ", ".join(connection.ops.quote_name(name) for name in sorted(tables - KEPT))
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {names} CASCADE")
        # A short timeout, because slow answers are among the faults, and a high rate, because the
        # limit of the real provider would only make the cases longer.
        CoreAPISetting.objects.create(
            timeout_seconds=SECONDS_PER_CALL, requests_per_second=CALLS_PER_SECOND
        )
        self.flush()
        self.control.reset()

    def flush(self) -> None:
        """Empty the broker if it is ours."""
        if self.services is not None:
            self.services.flush_valkey()

    def fill_disk(self) -> None:
        """Fill the store's file system up to ROOM_LEFT."""
        if self.small_disk is None:
            raise RuntimeError("no small disk")
        free = os.statvfs(self.small_disk)
        size = free.f_bavail * free.f_frsize - ROOM_LEFT
        with (self.small_disk / self._ballast).open("wb") as ballast:
            # Reserves the blocks at once, without writing them.
            os.posix_fallocate(ballast.fileno(), 0, max(size, 1))

    def free_disk(self) -> None:
        if self.small_disk is not None:
            (self.small_disk / self._ballast).unlink(missing_ok=True)
