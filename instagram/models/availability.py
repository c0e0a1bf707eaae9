"""Typed absence: deleted, private and "not seen this time" are different facts."""

from __future__ import annotations

from django.db import models


class Availability(models.TextChoices):
    """What we know of whether the thing is still there."""

    UNKNOWN = "unknown"
    LIVE = "live"
    MISSING = "missing", "missing: the provider said so, not confirmed yet"
    DELETED = "deleted", "deleted: confirmed"
    PRIVATE = "private"


NOT_LIVE = ~models.Q(availability="live")
"""For the partial indexes behind `availability=` of the lists: nearly everything is live."""


class Observed(models.Model):
    """Availability and its times, written only when the state changes or a poll misses it.

    live ──▶ missing ──▶ deleted      each poll that should show it and does not is one miss
      ▲─────────┴───────────┘          one sighting is enough
    `instagram.archiving.absence` decides; an expired story and a provider's failure are no miss.
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
