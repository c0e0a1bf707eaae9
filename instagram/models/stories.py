"""Stories, which expire on Instagram after 24 hours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.db import models

from core.db.search import SearchQuerySet, Word
from core.models import Timestamped
from instagram.models.availability import NOT_LIVE, Observed
from instagram.models.users import User, owner_by_index, owner_by_reading
from storage.models import Asset


class StoryQuerySet(SearchQuerySet["Story"]):
    """Stories; a search reads the names and the biography of their owner."""

    def matching(self, words: Sequence[Word]) -> StoryQuerySet:
        return self.filter(*map(owner_by_index, words))

    def reading(self, words: Sequence[Word]) -> StoryQuerySet:
        return self.filter(*map(owner_by_reading, words))


class Story(Timestamped, Observed):
    """A story. Its key is the Instagram id. After `expires_at` it is expired, not deleted."""

    story_id = models.CharField(primary_key=True, max_length=32)
    user = models.ForeignKey(User, models.CASCADE, related_name="stories")
    story_created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    thumbnail_url = models.TextField(default="", blank=True)
    media_url = models.TextField(default="", blank=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    duration = models.FloatField(null=True, blank=True, help_text="seconds")
    image = models.ForeignKey(
        Asset, models.SET_NULL, null=True, blank=True, related_name="+", help_text="or the cover"
    )
    video = models.ForeignKey(Asset, models.SET_NULL, null=True, blank=True, related_name="+")
    is_flagged = models.BooleanField(default=False)
    raw_data = models.JSONField(null=True, blank=True)

    objects: ClassVar = StoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "stories"
        indexes: ClassVar = [
            models.Index(fields=["created_at", "story_id"], name="story_by_created"),
            models.Index(
                fields=["user", "created_at", "story_id"], name="story_of_user_by_created"
            ),
            models.Index(
                fields=["created_at", "story_id"],
                condition=NOT_LIVE,
                name="story_not_live_by_created",
            ),
        ]

    def __str__(self) -> str:
        return self.story_id
