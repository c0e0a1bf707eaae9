"""Base models, worker heartbeats, the outbox of events, and the names of permissions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import BigIntegerField, Func, TextField
from django.db.models.functions import Cast
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


def _number(function: str, *arguments: Func) -> Cast:
    """Return the transaction id that a function of PostgreSQL returns, as a number."""
    # xid8 has no direct cast to bigint.
    return Cast(Cast(Func(*arguments, function=function), TextField()), BigIntegerField())


SNAPSHOT = Func(function="pg_current_snapshot")


class PlacedQuerySet(models.QuerySet[Any]):
    def settled(self) -> PlacedQuerySet:
        """Filter rows older than all open transactions, in order. No row can appear before them."""
        oldest_open = _number("pg_snapshot_xmin", SNAPSHOT)
        return self.filter(transaction__lt=oldest_open).order_by("transaction", "pk")

    def of_another_cluster(self) -> bool:
        """Whether a row has a transaction that this cluster has not reached."""
        return self.filter(transaction__gte=_number("pg_snapshot_xmax", SNAPSHOT)).exists()


class OutboxEvent(models.Model):
    """One event. It is deleted when all its consumers have read it. See `core.events`."""

    transaction = models.BigIntegerField(db_default=_number("pg_current_xact_id"), editable=False)
    topic = models.CharField(max_length=100)
    payload = models.JSONField(default=dict)
    emitted_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar = PlacedQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["topic", "transaction", "id"], name="outbox_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.pk}"


class ConsumerPlace(models.Model):
    """The last event that a consumer has read."""

    name = models.CharField(max_length=100, unique=True)
    transaction = models.BigIntegerField(default=0)
    event = models.BigIntegerField(default=0)

    objects: ClassVar = PlacedQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} at {self.transaction}/{self.event}"


class FeaturePermission(models.Model):
    """The content type of the permissions that `core.permissions` writes. It has no table."""

    class Meta:
        managed = False
        default_permissions = ()

    def __str__(self) -> str:
        return "permission of a feature"


class IdempotencyKey(models.Model):
    """The answer to a POST that a client may send again with the same `Idempotency-Key`.

    It is written in the transaction of the work itself, so there is never one without the other.
    """

    LIFETIME: ClassVar = timedelta(hours=24)

    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request_digest = models.CharField("SHA-256 of method, path and body", max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.TextField("JSON, with its keys in order", default="null")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "key"], name="idempotency_key_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "created_at"], name="idempotency_key_expired"),
        ]

    def __str__(self) -> str:
        return self.key


class FeatureFlag(models.Model):
    """What `flags.declare` has declared, and for whom it is active."""

    name = models.CharField(max_length=100, unique=True, editable=False)
    description = models.CharField(max_length=200, editable=False)
    is_on_for_all = models.BooleanField("on for all", default=False)
    roles = models.ManyToManyField(
        "auth.Group", blank=True, related_name="+", help_text="On for the accounts of these roles."
    )
    accounts = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="+", help_text="On for these accounts."
    )

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name
