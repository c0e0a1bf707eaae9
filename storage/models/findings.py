"""Findings of checks: bytes in quarantine, and damage or loss of stored files."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from storage.models.assets import Asset
from storage.store import quarantined_name


class Quarantined(models.Model):
    """Bytes that failed a check. They are kept for inspection and never served.

    The same bytes are in quarantine once, even if several rows name them.
    """

    class Reason(models.TextChoices):
        NOT_MEDIA = "not_media", "no media that we know, or without its end: what a host sent"
        UNDECODABLE = "undecodable", "could not be decoded; earlier versions put it here"
        DAMAGED = "damaged", "was stored, and has changed since"

    asset = models.ForeignKey(Asset, models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=20, choices=Reason)
    sha256 = models.CharField(max_length=64, help_text="of the bytes as found")
    size = models.BigIntegerField(help_text="bytes kept")
    expected_sha256 = models.CharField(
        max_length=64, default="", blank=True, help_text="of the stored file that this was"
    )
    error = models.TextField(default="", blank=True)
    found_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "quarantined"
        indexes: ClassVar = [
            # Serve the retention: it looks for the oldest rows, and for rows with the same bytes.
            models.Index(fields=["found_at"], name="quarantined_by_age"),
            models.Index(fields=["sha256"], name="quarantined_by_sha256"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the store: `quarantine/<sha[:2]>/<sha>`."""
        return quarantined_name(self.sha256)


class FixityEventQuerySet(models.QuerySet["FixityEvent"]):
    def open(self) -> FixityEventQuerySet:
        """Filter events whose bytes are still searched for."""
        return self.filter(repaired_at=None)

    def without_bytes(self) -> FixityEventQuerySet:
        """Filter events whose bytes are not in the store, even if the event is closed."""
        given_up = (FixityEvent.Repair.REPLACED, FixityEvent.Repair.ACCEPTED)
        return self.filter(Q(repaired_at=None) | Q(repaired_by__in=given_up))


class FixityEvent(models.Model):
    """The record that a stored file was damaged or lost, and how it was repaired.

    No retention deletes it; only the removal of the file does.
    """

    class Kind(models.TextChoices):
        DAMAGED = "damaged"
        LOST = "lost"

    class Repair(models.TextChoices):
        COPY = "copy", "from the other copy"
        RETURNED = "returned", "the bytes were back in the store"
        AGAIN = "again", "downloaded or made again, the same bytes"
        REPLACED = "replaced", "a poster, made again of other bytes"
        ACCEPTED = "accepted", "not at all: staff accepted the loss"

    kind = models.CharField(max_length=10, choices=Kind)
    sha256 = models.CharField(max_length=64, help_text="of the bytes as they were stored")
    name = models.CharField(max_length=100, help_text="where they lay in the store")
    size = models.BigIntegerField(help_text="bytes, as they were stored")
    found_sha256 = models.CharField(
        max_length=64, default="", blank=True, help_text="of the damaged bytes, now in quarantine"
    )
    assets = models.JSONField(default=list, help_text="ids of the assets that had them")
    posters_of = models.JSONField(default=list, help_text="ids of the videos they were a poster of")
    found_at = models.DateTimeField(default=timezone.now)
    looked_at = models.DateTimeField(default=timezone.now, help_text="last try at a repair")
    repaired_at = models.DateTimeField(null=True)
    repaired_by = models.CharField(max_length=10, choices=Repair, default="", blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects: ClassVar = FixityEventQuerySet.as_manager()

    class Meta:
        permissions: ClassVar = [("accept_loss", "Can accept the loss of a file")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["sha256"],
                condition=Q(repaired_at=None),
                name="fixity_event_open_once_per_file",
            ),
            models.CheckConstraint(
                condition=(Q(repaired_at__isnull=True) & Q(repaired_by=""))
                | (Q(repaired_at__isnull=False) & ~Q(repaired_by="")),
                name="fixity_event_repaired_by_something",
            ),
        ]
        indexes: ClassVar = [
            # Serves verify.restore_open, which begins with the longest wait.
            models.Index(
                fields=["looked_at"], condition=Q(repaired_at=None), name="fixity_event_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"

    def close(self, repair: Repair, now: datetime) -> None:
        """Record how and when the bytes came back."""
        self.repaired_by, self.repaired_at = repair, now
        self.save(update_fields=["repaired_by", "repaired_at"])
