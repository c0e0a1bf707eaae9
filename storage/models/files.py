"""Files that we have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from storage.store import name_of

ENRICHMENT_LEASE = timedelta(seconds=60)
SUSPECT = datetime(1970, 1, 1, tzinfo=UTC)
"""As `verified_at` of a file that is to be verified before all others."""


class StoredFileQuerySet(models.QuerySet["StoredFile"]):
    """Names of queries over stored files."""

    def awaiting_enrichment(self, now: datetime) -> StoredFileQuerySet:
        """Not looked into yet, and nobody at it; in the order they came."""
        return self.filter(
            Q(enrichment_lease_until=None) | Q(enrichment_lease_until__lt=now),
            enriched_at=None,
            lost_at=None,
        ).order_by("pk")

    def servable(self) -> StoredFileQuerySet:
        """Those whose bytes may be shown."""
        return self.filter(rejected_at=None, lost_at=None)

    def verified_before(self, moment: datetime) -> StoredFileQuerySet:
        """Those whose bytes were last seen whole before then; the longest ago first."""
        return self.servable().filter(verified_at__lt=moment).order_by("verified_at", "pk")

    def unreferenced(self, moment: datetime) -> StoredFileQuerySet:
        """Stored before then, but no asset has it and it is no poster."""
        videos = StoredFile.objects.filter(poster=OuterRef("pk"))
        return self.servable().filter(~Exists(videos), assets=None, stored_at__lt=moment)

    def witnesses(self) -> list[StoredFile]:
        """Up to 128 that should be in the store, from all its folders and times. One statement."""
        starts = [
            self.servable().filter(sha256__gte=f"{digit:x}").order_by("sha256")[:8]
            for digit in range(16)
        ]
        return list(starts[0].union(*starts[1:]))

    def suspect(self) -> int:
        """Have them verified before all others; returns how many that is new for."""
        return self.filter(verified_at__gt=SUSPECT).update(verified_at=SUSPECT)


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
    problem = models.TextField(
        default="", blank=True, help_text="why facts are unknown; asked again by newer decoders"
    )
    examined_by = models.CharField(
        max_length=100, default="", blank=True, help_text="the versions of the decoders"
    )
    rejected_at = models.DateTimeField(
        null=True, help_text="an earlier version put the bytes into quarantine; to be restored"
    )
    lost_at = models.DateTimeField(
        null=True, help_text="the bytes are gone or damaged; a fixity event says more"
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
        indexes: ClassVar = [
            # Serves StoredFileQuerySet.awaiting_enrichment, which a sweep asks every 15 seconds.
            models.Index(
                fields=["id"], condition=Q(enriched_at=None), name="stored_file_to_enrich"
            ),
            # Serves StoredFileQuerySet.verified_before, which storage.verify_due asks.
            models.Index(
                fields=["verified_at", "id"],
                condition=Q(rejected_at=None, lost_at=None),
                name="stored_file_to_verify",
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
