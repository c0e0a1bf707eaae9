"""Files that we want (`Asset`) and files that we have (`StoredFile`)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.models import Timestamped
from storage.store import name_of

LEASE = timedelta(seconds=60)


class StoredFileQuerySet(models.QuerySet["StoredFile"]):
    """Names of queries over stored files."""

    def awaiting_enrichment(self, now: datetime) -> StoredFileQuerySet:
        """Not looked into yet, and nobody at it; in the order they came."""
        return self.filter(
            Q(enrichment_lease_until=None) | Q(enrichment_lease_until__lt=now), enriched_at=None
        ).order_by("pk")

    def servable(self) -> StoredFileQuerySet:
        """Those whose bytes may be shown."""
        return self.filter(rejected_at=None)


class StoredFile(models.Model):
    """Bytes that we have, once per content.

    The bytes cannot be fetched again, so a row appears only after they lie on disk under their
    SHA-256. What is read out of them (size in pixels, blur, poster) comes later and can be redone.
    """

    sha256 = models.CharField(max_length=64, unique=True)
    size = models.BigIntegerField(help_text="bytes")
    media_type = models.CharField(max_length=50, help_text="true type, from the bytes: image/jpeg")
    extension = models.CharField(max_length=8, help_text="of the true type, without the dot")
    stored_at = models.DateTimeField(default=timezone.now)
    verified_at = models.DateTimeField(default=timezone.now, help_text="last time its hash matched")

    enriched_at = models.DateTimeField(null=True)
    enrichment_attempts = models.PositiveSmallIntegerField(default=0)
    enrichment_lease_until = models.DateTimeField(null=True)
    rejected_at = models.DateTimeField(
        null=True, help_text="the bytes are no readable image or video; kept, never served"
    )
    width = models.PositiveIntegerField(null=True, help_text="pixels, as displayed")
    height = models.PositiveIntegerField(null=True, help_text="pixels, as displayed")
    duration = models.FloatField(null=True, help_text="seconds; None for images")
    blur = models.TextField(default="", help_text="raw base64 of a tiny JPEG")
    perceptual_hash = models.BigIntegerField(null=True, help_text="64 bit, signed")
    poster = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="+", help_text="a frame of the video"
    )

    objects: ClassVar = StoredFileQuerySet.as_manager()

    class Meta:
        # Serves StoredFileQuerySet.awaiting_enrichment, which a sweep asks every 15 seconds.
        indexes: ClassVar = [
            models.Index(
                fields=["id"], condition=Q(enriched_at=None), name="stored_file_to_enrich"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Where the bytes lie in the store: `<sha[:2]>/<sha>.<extension>`."""
        return name_of(self.sha256, self.extension)

    @property
    def is_video(self) -> bool:
        """Whether the bytes are a video."""
        return self.media_type.startswith("video/")


class AssetQuerySet(models.QuerySet["Asset"]):
    """Claims and states of assets."""

    def due(self, now: datetime) -> AssetQuerySet:
        """Wanted, its pause over and nobody at work on it; the most urgent first."""
        return self.filter(
            Q(leased_until=None) | Q(leased_until__lt=now),
            state=Asset.State.WANTED,
            next_attempt_at__lte=now,
        ).order_by("priority", "next_attempt_at", "pk")

    def to_renew(self, now: datetime) -> AssetQuerySet:
        """Expired, and it is time to ask for a fresh URL; the most urgent first."""
        return self.filter(state=Asset.State.EXPIRED, next_attempt_at__lte=now).order_by(
            "priority", "next_attempt_at", "pk"
        )

    def stored(self) -> AssetQuerySet:
        """Those whose verified bytes we have."""
        return self.filter(state=Asset.State.STORED)


class Asset(Timestamped):
    """One file that we want, unique by owner and source name; done exactly when it has a file.

    wanted ──▶ stored
       │
       ├─────▶ expired   the URL must be renewed first ──▶ wanted, or failed after three tries
       └─────▶ failed    given up; `error_code` says why
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
    source_name = models.CharField(max_length=200)

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
                fields=["owner_kind", "owner_id", "role", "source_name"],
                name="asset_once_per_owner",
            ),
            # Stored means there is a file, and a file means stored.
            models.CheckConstraint(
                condition=Q(state="stored", file__isnull=False)
                | (~Q(state="stored") & Q(file__isnull=True)),
                name="asset_stored_iff_file",
            ),
        ]
        indexes: ClassVar = [
            # Serves AssetQuerySet.due, which every download task and the sweep ask.
            models.Index(
                fields=["priority", "next_attempt_at", "id"],
                condition=Q(state="wanted"),
                name="asset_due",
            ),
            # Serves AssetQuerySet.to_renew, which a sweep asks every 15 seconds.
            models.Index(
                fields=["priority", "next_attempt_at", "id"],
                condition=Q(state="expired"),
                name="asset_to_renew",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.owner_kind} {self.owner_id}"
