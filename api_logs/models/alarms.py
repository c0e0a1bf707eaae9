"""Alarms: causes that staff must know. Some kinds stop calls until they are resolved."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class AlarmQuerySet(models.QuerySet["Alarm"]):
    def open(self) -> AlarmQuerySet:
        return self.filter(resolved_at=None)

    def stopping(self, provider: str, endpoint: str) -> AlarmQuerySet:
        """Filter open alarms that stop this endpoint of the provider, or the whole provider."""
        stops = self.open().filter(kind__in=Alarm.STOPPING, provider=provider)
        return stops.filter(endpoint__in=("", endpoint))


class Alarm(models.Model):
    """One cause. It is reported once, then counted, until staff or a new token resolves it."""

    class Kind(models.TextChoices):
        UNAUTHORIZED = "Unauthorized", "the token was refused"
        NO_CREDIT = "NoCredit", "the account has no balance"
        FORBIDDEN = "Forbidden", "the token lacks a scope"
        BAD_REQUEST = "BadRequest", "a request was refused as wrong"
        SOFT_CAP = "SoftCap", "the soft cap is reached"
        HARD_CAP = "HardCap", "the hard cap is reached"
        CLOCK_AHEAD = "ClockAhead", "the clock of a worker is or was wrong"

    STOPPING: ClassVar = (Kind.UNAUTHORIZED, Kind.NO_CREDIT, Kind.FORBIDDEN)

    kind = models.CharField(max_length=20, choices=Kind)
    provider = models.CharField(max_length=40, blank=True, help_text="empty: all of them")
    endpoint = models.CharField(max_length=60, blank=True, help_text="empty: all of them")
    message = models.TextField()
    fingerprint = models.CharField(
        max_length=64, blank=True, help_text="of the configuration that it is about"
    )
    occurrences = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.CharField(max_length=254, blank=True)

    objects: ClassVar = AlarmQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            # A hundred workers that fail for one cause raise one alarm. Serves `open`, too.
            models.UniqueConstraint(
                fields=["provider", "kind", "endpoint"],
                condition=Q(resolved_at=None),
                name="alarm_once_while_open",
            ),
        ]

    def __str__(self) -> str:
        return " ".join(filter(None, (self.kind, self.provider, self.endpoint)))
