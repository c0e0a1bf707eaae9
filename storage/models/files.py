"""The stored files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from storage.store import name_of

ENRICHMENT_LEASE = timedelta(seconds=60)
# The value of `verified_at` that makes a file the next one to verify.
SUSPECT = datetime(1970, 1, 1, tzinfo=UTC)


class StoredFileQuerySet(models.QuerySet["StoredFile"]):
    def awaiting_enrichment(self, now: datetime) -> StoredFileQuerySet:
        """Filter files that were not enriched yet and that no worker holds, the oldest first."""
        return self.filter(
            Q(enrichment_lease_until=None) | Q(enrichment_lease_until__lt=now),
            enriched_at=None,
            lost_at=None,
        ).order_by("pk")

    def servable(self) -> StoredFileQuerySet:
        """Filter files whose bytes may be served."""
        return self.filter(rejected_at=None, lost_at=None)

    def verified_before(self, moment: datetime) -> StoredFileQuerySet:
        """Filter files that were last verified before that time, the oldest check first."""
        return self.servable().filter(verified_at__lt=moment).order_by("verified_at", "pk")

    def unreferenced(self, moment: datetime) -> StoredFileQuerySet:
        """Filter files stored before that time that no asset has and that are no poster."""
        videos = StoredFile.objects.filter(poster=OuterRef("pk"))
        return self.servable().filter(~Exists(videos), assets=None, stored_at__lt=moment)

    def store_sample(self) -> list[StoredFile]:
        """Return up to 128 files that should be in the store, from all folders. One statement.

        They are spread by hash, so they were also stored at different times.
        """
        starts = [
            self.servable().filter(sha256__gte=f"{digit:x}").order_by("sha256")[:8]
            for digit in range(16)
        ]
        return list(starts[0].union(*starts[1:]))

    def mark_suspect(self) -> int:
        """Make these files the next ones to verify. Returns how many were not so already."""
        return self.filter(verified_at__gt=SUSPECT).update(verified_at=SUSPECT)


class StoredFile(models.Model):
    """A stored file, once per content.

    A row is inserted only after the bytes are on disk under their SHA-256, because an expired URL
    cannot be fetched again. Facts from the bytes (size in pixels, blur, poster) are added later and
    can be read again at any time.
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
            # Serves StoredFileQuerySet.awaiting_enrichment, which a sweep runs every 15 seconds.
            models.Index(
                fields=["id"], condition=Q(enriched_at=None), name="stored_file_to_enrich"
            ),
            # Serves StoredFileQuerySet.verified_before, which storage.verify_due runs.
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
        """The name in the store: `<sha[:2]>/<sha>.<extension>`."""
        return name_of(self.sha256, self.extension)

    @property
    def is_video(self) -> bool:
        return self.media_type.startswith("video/")
