"""The log of calls to the Core API: request, answer and cost."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Count, Q
from django.utils import timezone

# No call takes this long: the timeout is 90 seconds at most.
ABANDONED_AFTER = timedelta(minutes=15)


class APIRequestLogQuerySet(models.QuerySet["APIRequestLog"]):
    def abandoned(self, now: datetime) -> APIRequestLogQuerySet:
        """Filter calls that have not ended and whose process must be dead."""
        return self.filter(state=APIRequestLog.State.STARTED, started_at__lt=now - ABANDONED_AFTER)

    def older_than(self, moment: datetime) -> APIRequestLogQuerySet:
        """Filter calls that started before the moment, the oldest first."""
        return self.filter(started_at__lt=moment).order_by("started_at")

    def calls_by_batch(self, batches: Iterable[str]) -> dict[str, int]:
        """Count the attempts of each batch. Batches without attempts are left out."""
        rows = self.filter(batch__in=list(batches)).values_list("batch")
        return dict(rows.annotate(calls=Count("pk")))


class APIRequestLog(models.Model):
    """One HTTP attempt to a Core API. Only `api_logs.recording` writes it.

    started ──▶ completed | failed | unknown
    A killed call stays `started` until a sweep closes it as `unknown`, as it may be charged.
    """

    class State(models.TextChoices):
        STARTED = "started"
        COMPLETED = "completed", "completed: with a payload"
        FAILED = "failed", "failed: see the error"
        UNKNOWN = "unknown", "unknown: interrupted, may be charged"

    state = models.CharField(max_length=10, choices=State, default=State.STARTED)
    provider = models.CharField(max_length=40, blank=True, help_text="which Core API was asked")
    endpoint = models.CharField(max_length=60, help_text="its name in core/utils/instagram_api.py")
    target = models.CharField(max_length=200, blank=True, help_text="who or what was asked for")
    method = models.CharField(max_length=10, default="GET")
    path = models.CharField(max_length=200)
    params = models.JSONField(default=dict, help_text="redacted")
    http_status = models.PositiveSmallIntegerField(null=True)
    error_code = models.CharField(
        max_length=40, blank=True, help_text="its class, such as RateLimited"
    )
    error = models.TextField(blank=True, help_text="our words, never the provider's")
    response_body = models.TextField(blank=True, help_text="the beginning, redacted")
    response_bytes = models.PositiveIntegerField(null=True, help_text="of the whole body")
    started_at = models.DateTimeField(default=timezone.now)
    duration_ms = models.PositiveIntegerField(null=True)
    price = models.DecimalField(
        max_digits=8,
        decimal_places=4,
        help_text="USD; what the call costs at most while its end is unknown, else what it cost",
    )
    request_id = models.CharField(max_length=100, blank=True, help_text="of our request or task")
    provider_request_id = models.CharField(max_length=100, blank=True)
    batch = models.CharField(
        max_length=100, blank=True, help_text="the piece of work it belongs to, such as a run's id"
    )

    objects: ClassVar = APIRequestLogQuerySet.as_manager()

    class Meta:
        verbose_name = "API request"
        indexes: ClassVar = [
            # Serves older_than (hourly) and the admin's filter by day.
            models.Index(fields=["started_at"], name="api_log_by_start"),
            # Serves abandoned, which a sweep asks every five minutes.
            models.Index(
                fields=["started_at"], condition=Q(state="started"), name="api_log_unfinished"
            ),
            # Serves the calls and the cost of one run.
            models.Index(fields=["batch"], condition=~Q(batch=""), name="api_log_by_batch"),
        ]

    def __str__(self) -> str:
        return f"{self.endpoint} {self.target} ({self.state})"
