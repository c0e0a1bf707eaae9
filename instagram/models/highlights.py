"""Highlights: stories that a profile keeps visible, in its own order."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from core.db.search import Searchable, SearchQuerySet
from core.models import Timestamped
from instagram.models.availability import Availability, Observed
from instagram.models.stories import Story
from instagram.models.users import User
from storage.models import Asset


class HighlightQuerySet(SearchQuerySet["Highlight"]):
    """Highlights; a search reads their title."""

    def to_read(self, user: User, *, after: Highlight | None = None) -> HighlightQuerySet:
        """Highlights whose stories must be fetched, in tray order, after the given one."""
        behind = Q() if after is None else Q(position__gt=after.position)
        return self.filter(
            behind, user=user, read_at=None, availability=Availability.LIVE
        ).order_by("position")


class Highlight(Timestamped, Searchable, Observed):
    """A highlight. Its key is the Instagram id without the `highlight:` prefix."""

    SEARCHED = ("title",)

    id = models.CharField(primary_key=True, max_length=32)
    user = models.ForeignKey(User, models.CASCADE, related_name="highlights")
    title = models.TextField(null=True, blank=True)
    position = models.PositiveIntegerField(default=0, help_text="in the tray")
    media_count = models.PositiveIntegerField(null=True, blank=True, help_text="as the tray says")
    edited_at = models.DateTimeField(null=True, blank=True, help_text="as the tray says")
    cover = models.ForeignKey(Asset, models.SET_NULL, null=True, blank=True, related_name="+")
    raw_data = models.JSONField(null=True, blank=True)
    read_at = models.DateTimeField(
        null=True, blank=True, help_text="when its stories were stored; empty: to be asked for"
    )

    objects: ClassVar = HighlightQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            GinIndex(fields=["search_grams"], name="highlight_search"),
            models.Index(fields=["created_at", "id"], name="highlight_by_created"),
            models.Index(fields=["user", "position", "id"], name="highlight_in_tray"),
            # Serves the pipeline, which reads the highlights one after the other.
            models.Index(
                fields=["user", "position"],
                condition=Q(read_at=None),
                name="highlight_to_read",
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.id


class HighlightItem(models.Model):
    """The position of a story in a highlight. Removed items are kept with `removed_at`."""

    highlight = models.ForeignKey(Highlight, models.CASCADE, related_name="items")
    story = models.ForeignKey(Story, models.CASCADE, related_name="highlight_items")
    position = models.PositiveIntegerField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["highlight", "story"], name="story_once_per_highlight"),
        ]

    def __str__(self) -> str:
        return f"{self.highlight_id} [{self.position}]"
