"""Typed absence: deleted, private and "not seen this time" are different facts."""

from __future__ import annotations

from django.db import models


class Availability(models.TextChoices):
    """What is known about whether the object still exists on Instagram."""

    UNKNOWN = "unknown"
    LIVE = "live"
    MISSING = "missing", "missing: the provider said so, not confirmed yet"
    DELETED = "deleted", "deleted: confirmed"
    PRIVATE = "private"


NOT_LIVE = ~models.Q(availability="live")
"""The condition of the partial indexes for the `availability=` filters. Nearly all rows are live.
"""


class Observed(models.Model):
    """Availability and its times, written only if the state changes or a poll misses the object.

    live ──▶ missing ──▶ deleted      each poll that should show it and does not is one miss
      ▲─────────┴───────────┘          one sighting restores it
    `instagram.archiving.absence` decides. Expired stories and provider failures are not misses.
    """

    availability = models.CharField(
        max_length=10, choices=Availability, default=Availability.UNKNOWN
    )
    last_seen_at = models.DateTimeField(null=True, blank=True)
    first_missed_at = models.DateTimeField(null=True, blank=True)
    last_missed_at = models.DateTimeField(null=True, blank=True)
    misses = models.PositiveSmallIntegerField(
        default=0, help_text="independent polls in a row that did not show it"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
