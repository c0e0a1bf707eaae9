"""Base models and the workers' heartbeats."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone


class Timestamped(models.Model):
    """Adds the times of creation and of the last update."""

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save with `updated_at` set to now. Bulk writers set it themselves."""
        self.updated_at = timezone.now()
        if (names := kwargs.get("update_fields")) is not None:
            kwargs["update_fields"] = {*names, "updated_at"}
        super().save(*args, **kwargs)


class WorkerHeartbeat(models.Model):
    """The last time that a connected worker reached the database.

    A row is used instead of `inspect ping`, because a worker with a half-open broker connection
    still answers pings. `core.heartbeats` writes it.
    """

    SILENCE_ALLOWED: ClassVar = timedelta(seconds=60)

    worker = models.CharField(max_length=200, unique=True)
    queues = ArrayField(models.CharField(max_length=100), default=list)
    beaten_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.worker} at {self.beaten_at:%Y-%m-%d %H:%M:%S}"

    @staticmethod
    def beat(worker: str, queues: Sequence[str] = ()) -> None:
        """Write the heartbeat of a worker and the queues that it reads, in one statement."""
        WorkerHeartbeat.objects.bulk_create(
            [WorkerHeartbeat(worker=worker, queues=[*queues], beaten_at=timezone.now())],
            update_conflicts=True,
            unique_fields=["worker"],
            update_fields=["queues", "beaten_at"],
        )

    @classmethod
    def alive(cls) -> models.QuerySet[WorkerHeartbeat]:
        """The workers with a recent heartbeat."""
        return cls.objects.filter(beaten_at__gt=timezone.now() - cls.SILENCE_ALLOWED)

    @classmethod
    def anyone_alive(cls) -> bool:
        return cls.alive().exists()
