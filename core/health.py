"""Health checks of the services that Instarchiver depends on.

A check returns its result. It raises, or returns None, if the service does not work.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connections, transaction
from django.db.models import Max
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from core import broker
from core.models import WorkerHeartbeat
from core.probe import Check, Probe
from core.tasks import SENT_AT

KEY = "instarchiver:health"
KEY_SECONDS = 60


def database() -> bool:
    """Open all database connections and write a row that is rolled back.

    A read-only standby answers queries too, and a pooler may refuse one of several connections.
    """
    for alias in connections:
        connections[alias].ensure_connection()
    with transaction.atomic():
        WorkerHeartbeat.beat(f"health {uuid.uuid4().hex}")
        transaction.set_rollback(True)
    return True


def redis_databases() -> dict[str, float | None]:
    """Write to cache and broker; returns the age in seconds of each queue's oldest message.

    The age is None for an empty queue. The message is read without being taken.
    """
    cache.set("health", 1, KEY_SECONDS)
    with broker.client() as redis:
        redis.set(KEY, 1, ex=KEY_SECONDS)
        return {queue: waiting_for(redis.lindex(queue, -1)) for queue in settings.QUEUES}


def waiting_for(message: Any) -> float | None:
    """The seconds since a message was sent; None if there is none or it has no time."""
    if message is None:
        return None
    sent_at = json.loads(message).get("headers", {}).get(SENT_AT)
    return None if sent_at is None else seconds(time.time() - sent_at)


def seconds(passed: float) -> float:
    """Round a duration. Clocks of two machines may make it negative, which becomes zero."""
    return round(max(0.0, passed), 1)


def storage() -> bool | None:
    """Write and sync a byte in the media folder; None if the largest file would not fit."""
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=root) as file:
        file.write(b"\0")
        file.flush()
        os.fsync(file.fileno())
        disk = os.fstatvfs(file.fileno())
    return disk.f_bavail * disk.f_frsize >= settings.MEDIA_MIN_FREE_BYTES or None


def workers() -> set[str] | None:
    """The queues that live workers read; None without any worker."""
    read = [*WorkerHeartbeat.alive().values_list("queues", flat=True)]
    return {queue for queues in read for queue in queues} if read else None


def beat() -> float | None:
    """The seconds since the scheduler last sent a task; None if it never did."""
    last = PeriodicTask.objects.aggregate(last=Max("last_run_at"))["last"]
    return None if last is None else seconds(timezone.now().timestamp() - last.timestamp())


CHECKS: dict[str, Check] = {
    "database": database,
    "redis": redis_databases,
    "storage": storage,
    "worker": workers,
    "beat": beat,
}
probe = Probe(CHECKS)


def report(found: dict[str, Any]) -> dict[str, Any]:
    """Convert the results into the answer of `/health/`: a word per service, and figures."""
    silence = found["beat"]
    works = {
        **{name: found[name] is not None for name in ("database", "redis", "storage", "worker")},
        "beat": silence is not None and silence <= WorkerHeartbeat.SILENCE_ALLOWED.total_seconds(),
        "queues": set(settings.QUEUES) <= (found["worker"] or set()),
    }
    states = {name: "ok" if fine else "unavailable" for name, fine in works.items()}
    return {**states, "beat_age_seconds": silence, "oldest_message_seconds": found["redis"]}
