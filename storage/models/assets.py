"""The files that are wanted; also the download queue."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.utils import timezone

from core.models import Timestamped
from storage.models.files import StoredFile
from storage.source_names import IMAGE_EXTENSIONS

LEASE = timedelta(seconds=60)
# Longer than the backoff before the last attempt, which is an hour plus jitter.
MAX_BACKOFF = timedelta(minutes=80)


class AssetQuerySet(models.QuerySet["Asset"]):
    def due(self, now: datetime) -> AssetQuerySet:
        """Filter wanted assets whose backoff is over and that no worker holds; urgent first."""
        return self.filter(
            Q(leased_until=None) | Q(leased_until__lte=now),
            next_attempt_at__lte=now,
            state=Asset.State.WANTED,
        ).order_by("priority", "next_attempt_at", "pk")

    def awaiting_renewal(self, now: datetime) -> AssetQuerySet:
        """Filter expired assets whose next renewal is due; urgent ones first."""
        expired = self.filter(next_attempt_at__lte=now, state=Asset.State.EXPIRED)
        return expired.order_by("priority", "next_attempt_at", "pk")

    def mark_stored(self, file: StoredFile, now: datetime) -> int:
        """Mark the assets as stored with the same file. Returns how many."""
        return self.update(file=file, **Asset.stored_columns(now))

    def stored(self) -> AssetQuerySet:
        return self.filter(state=Asset.State.STORED)


class Asset(Timestamped):
    """One wanted file, unique by owner, role and identity. It is stored exactly if it has a file.

    wanted ──▶ stored
       │
       ├─────▶ expired   needs a fresh URL ──▶ wanted, or failed after three renewals
       └─────▶ failed    given up; `error_code` says why

    A stored asset is wanted again if its bytes are found lost or damaged.
    """

    class State(models.TextChoices):
        WANTED = "wanted"
        STORED = "stored"
        EXPIRED = "expired"
        FAILED = "failed"

    class Role(models.TextChoices):
        IMAGE = "image"
        VIDEO = "video"
        COVER = "cover", "cover of a video"
        PICTURE = "picture", "profile picture"

    class Priority(models.IntegerChoices):
        STORY = 0, "story: it is gone within a day"
        FRESH = 1, "everything else"

    owner_kind = models.CharField(max_length=20, help_text="user, post or story")
    owner_id = models.CharField(max_length=32, help_text="the owner's Instagram id")
    role = models.CharField(max_length=10, choices=Role)
    source_name = models.CharField(max_length=200, help_text="as it was first seen")
    # The database computes the rule of `source_names.identity`, so the constraint cannot miss it.
    identity = models.GeneratedField(
        expression=Case(
            When(role="video", then=F("source_name")),
            default=Func(
                F("source_name"),
                Value(IMAGE_EXTENSIONS),
                Value(""),
                Value("i"),
                function="regexp_replace",
            ),
        ),
        output_field=models.CharField(max_length=200),
        db_persist=True,
    )

    url = models.TextField(help_text="signed: never shown to strangers")
    url_expires_at = models.DateTimeField(null=True)
    priority = models.SmallIntegerField(choices=Priority, default=Priority.FRESH)
    state = models.CharField(max_length=10, choices=State, default=State.WANTED)
    attempts = models.PositiveSmallIntegerField(default=0)
    renewals = models.PositiveSmallIntegerField(default=0, help_text="fresh URLs asked for")
    next_attempt_at = models.DateTimeField(default=timezone.now)
    leased_until = models.DateTimeField(null=True)
    lease = models.UUIDField(null=True, help_text="who may finish this attempt")
    error_code = models.CharField(max_length=40, default="", blank=True)
    error = models.TextField(default="", blank=True, help_text="for staff; holds no URL")
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, related_name="assets")
    stored_at = models.DateTimeField(null=True)

    objects: ClassVar = AssetQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner_kind", "owner_id", "role", "identity"],
                name="asset_once_per_owner",
            ),
            # A stored asset has a file, and an asset with a file is stored.
            models.CheckConstraint(
                condition=Q(state="stored", file__isnull=False)
                | (~Q(state="stored") & Q(file__isnull=True)),
                name="asset_stored_iff_file",
            ),
        ]
        indexes: ClassVar = [
            # Serves AssetQuerySet.due, which every download task and the sweep run.
            models.Index(
                fields=["priority", "next_attempt_at", "id"],
                condition=Q(state="wanted"),
                name="asset_due",
            ),
            # Serves AssetQuerySet.awaiting_renewal, which a sweep runs every 15 seconds.
            models.Index(
                fields=["priority", "next_attempt_at", "id"],
                condition=Q(state="expired"),
                name="asset_to_renew",
            ),
            # Serves queue.allow_renewals, which every run calls once.
            models.Index(
                fields=["owner_kind", "owner_id"],
                condition=Q(state="failed"),
                name="asset_failed",
            ),
        ]

    @classmethod
    def stored_columns(cls, now: datetime) -> dict[str, Any]:
        """The values of a stored asset beside its file."""
        return {
            "state": cls.State.STORED,
            "stored_at": now,
            "updated_at": now,
            "lease": None,
            "leased_until": None,
            "error_code": "",
            "error": "",
        }

    def __str__(self) -> str:
        return f"{self.role} of {self.owner_kind} {self.owner_id}"
