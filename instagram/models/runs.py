"""Requests to archive a profile, and the progress of their streams."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from instagram.models.users import User

LEASE = timedelta(seconds=45)  # renewed every 15 seconds while the worker is alive
MAX_PAUSE = timedelta(hours=1)  # the longest pause that a provider can request


class ArchiveRunQuerySet(models.QuerySet["ArchiveRun"]):
    def active(self) -> ArchiveRunQuerySet:
        return self.filter(state__in=ArchiveRun.ACTIVE)

    def expired(self, before: datetime) -> ArchiveRunQuerySet:
        """Scheduled runs that ended before the time, oldest first.

        The newest run of each profile is excluded, and so are runs with rejected items, which are
        the only copy of the data.
        """
        newer = self.model.objects.filter(
            user=OuterRef("user"), created_at__gt=OuterRef("created_at")
        )
        unread = RejectedItem.objects.filter(stream__run=OuterRef("pk"))
        ended = self.filter(is_scheduled=True, created_at__lt=before, finished_at__lt=before)
        return ended.filter(Exists(newer), ~Exists(unread)).order_by("created_at", "id")

    def due(self, now: datetime) -> ArchiveRunQuerySet:
        """Active runs without a pause or a worker, oldest first."""
        return (
            self.active()
            .filter(
                Q(leased_until=None) | Q(leased_until__lte=now),
                next_attempt_at__lte=now,
            )
            .order_by("next_attempt_at")
        )


class ArchiveRun(models.Model):
    """One request to archive one profile. It can be resumed, and clients poll it.

        queued ──▶ running ──▶ succeeded | failed

    A run that waits for a retry after a transient error stays `running`.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed", "failed: at least one stream did"

    ACTIVE = (State.QUEUED, State.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="runs")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    is_scheduled = models.BooleanField(
        default=False, help_text="the schedule asked for it, no person"
    )
    waits_for = models.CharField(
        max_length=40, default="", blank=True, help_text="the error that put the run off"
    )
    attempts = models.PositiveSmallIntegerField(default=0, help_text="in a row without a new page")
    next_attempt_at = models.DateTimeField(default=timezone.now)
    leased_until = models.DateTimeField(null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True, help_text="who may write this run")
    calls = models.PositiveIntegerField(default=0, help_text="HTTP attempts, counted at the end")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar = ArchiveRunQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            # Runs of the same profile never overlap.
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(state__in=("queued", "running")),
                name="run_one_active_per_user",
            ),
        ]
        indexes: ClassVar = [
            # Serves ArchiveRunQuerySet.due, which a sweep queries every 15 seconds.
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state__in=("queued", "running")),
                name="run_due",
            ),
            models.Index(fields=["created_at", "id"], name="run_by_created"),
            models.Index(fields=["user", "created_at", "id"], name="run_of_user_by_created"),
        ]

    def __str__(self) -> str:
        return f"run {str(self.pk)[:8]} ({self.state})"

    @property
    def is_first_claim(self) -> bool:
        """Whether the lease with which this row was claimed is the first lease of the run."""
        return self.leased_until is not None and self.leased_until - LEASE == self.started_at

    @property
    def is_active(self) -> bool:
        return self.state in self.ACTIVE


class RunStream(models.Model):
    """One stream of a run. A page and the cursor after it are stored in the same transaction."""

    class Name(models.TextChoices):
        """In the order in which a run reads them: data that expires first comes first."""

        PROFILE = "profile"
        STORIES = "stories"
        POSTS = "posts"
        REELS = "reels"
        HIGHLIGHTS = "highlights"

    class State(models.TextChoices):
        PENDING = "pending"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        SKIPPED = "skipped", "skipped: the profile is private or not there"

    run = models.ForeignKey(ArchiveRun, models.CASCADE, related_name="streams")
    name = models.CharField(max_length=10, choices=Name)
    position = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    cursor = models.TextField(default="", help_text="of the next page; empty for the first")
    visited = models.JSONField(default=list, help_text="digests of the cursors used so far")
    pages = models.PositiveIntegerField(default=0)
    empty_pages = models.PositiveSmallIntegerField(default=0, help_text="in a row, just now")
    seen = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0, help_text="items of unknown shape")
    error_code = models.CharField(max_length=40, default="", blank=True)
    error = models.TextField(default="", blank=True, help_text="for staff")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "name"], name="stream_once_per_run"),
        ]
        indexes: ClassVar = [
            # Serves `starting.due`, which a sweep queries every 15 seconds.
            models.Index(
                fields=["run"],
                condition=Q(name="stories", state="pending"),
                name="stream_stories_pending",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"


class StreamPage(models.Model):
    """The ids on one page of a stream, kept until the stream ends and absence is decided."""

    stream = models.ForeignKey(RunStream, models.CASCADE, related_name="shown")
    ids = ArrayField(models.CharField(max_length=32), help_text="Instagram ids, in order")

    def __str__(self) -> str:
        return f"{self.stream_id}: {len(self.ids)} items"


class RejectedItem(models.Model):
    """An item that no parser could read, kept for later versions.

    It is stored once per profile and kind of stream, however many runs encounter it.
    """

    stream = models.ForeignKey(
        RunStream, models.CASCADE, related_name="rejected_items", help_text="the last that met it"
    )
    item_id = models.CharField(
        max_length=64, default="", blank=True, help_text="its Instagram id, where it has one"
    )
    path = models.CharField(max_length=200, help_text="where in the payload: posts[3].taken_at")
    error = models.TextField()
    raw = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, help_text="when a run last met it")

    def __str__(self) -> str:
        return self.path
