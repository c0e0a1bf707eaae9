"""Posts and their media in carousel order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Least
from simple_history.models import HistoricalRecords

from core.db.search import Searchable, SearchQuerySet, Word
from core.models import Timestamped
from instagram.models.availability import NOT_LIVE, Observed
from instagram.models.users import User, owner_by_index, owner_by_reading
from storage.models import Asset


class PostQuerySet(SearchQuerySet["Post"]):
    """Posts; a search reads their caption, and the names and the biography of their owner."""

    def of(self, user: User) -> PostQuerySet:
        """Posts that the profile owns or shares as a coauthor."""
        return self.filter(Q(user=user) | Q(pk__in=user.coauthored_posts.values("pk")))

    def matching(self, words: Sequence[Word]) -> PostQuerySet:
        found = self
        for word in words:
            # PostgreSQL finds rows by the first condition, which combines two indexes. It compares
            # each of them by the second one, for which it hashes the owners: it would look through
            # an array for each row.
            by_index = Q(search_grams__contains=word.grams) | owner_by_index(word)
            is_owned = Q(user__in=User.objects.matching([word]))
            found = found.filter(by_index, Q(search_text__like=word.pattern) | is_owned)
        return found

    def reading(self, words: Sequence[Word]) -> PostQuerySet:
        found = self
        for word in words:
            found = found.filter(Q(search_text__like=word.pattern) | owner_by_reading(word))
        return found


class Post(Timestamped, Searchable, Observed):
    """A post. Its key is the Instagram id. NULL is unknown; a post without a caption has `""`.

    The counts are those of the last tracked change: changed counts alone do not write the row.
    """

    SEARCHED = ("caption",)
    ORDERED_BY: ClassVar = {"post_created_at": "sort_time"}

    class Variant(models.TextChoices):
        NORMAL = "normal"
        CAROUSEL = "carousel"
        VIDEO = "video"

    id = models.CharField(primary_key=True, max_length=32)
    user = models.ForeignKey(User, models.CASCADE, related_name="posts")
    coauthors = models.ManyToManyField(User, related_name="coauthored_posts", blank=True)
    shortcode = models.CharField(max_length=64, null=True, blank=True)
    variant = models.CharField(max_length=10, choices=Variant)
    caption = models.TextField(null=True, blank=True)
    location = models.JSONField(null=True, blank=True)
    like_count = models.BigIntegerField(null=True, blank=True)
    comment_count = models.BigIntegerField(null=True, blank=True)
    play_count = models.BigIntegerField(null=True, blank=True)
    in_grid = models.BooleanField(default=False, help_text="the profile's grid has shown it")
    in_reels = models.BooleanField(default=False, help_text="the profile's reels have shown it")
    is_flagged = models.BooleanField(default=False)
    post_created_at = models.DateTimeField(help_text="as the provider says")
    # A post cannot be later than its first observation. A wrong time of the provider would keep it
    # at the top of every list.
    sort_time = models.GeneratedField(
        expression=Least("post_created_at", "created_at"),
        output_field=models.DateTimeField(),
        db_persist=True,
    )
    raw_data = models.JSONField(null=True, blank=True)
    api_updated_at = models.DateTimeField(
        null=True, blank=True, help_text="last tracked change that came from the Core API"
    )

    objects: ClassVar = PostQuerySet.as_manager()
    history = HistoricalRecords(
        excluded_fields=[
            "raw_data", "search_text", "search_grams", "in_grid", "in_reels", "misses",
            "last_missed_at", "sort_time",
        ],
        cascade_delete_history=False,
    )  # fmt: skip

    class Meta:
        indexes: ClassVar = [
            GinIndex(fields=["search_grams"], name="post_search"),
            # The three orders of GET /instagram/posts/, each alone and combined with a profile or
            # variant
            models.Index(fields=["sort_time", "id"], name="post_by_sort_time"),
            models.Index(fields=["created_at", "id"], name="post_by_created"),
            models.Index(fields=["updated_at", "id"], name="post_by_updated"),
            models.Index(fields=["user", "sort_time", "id"], name="post_of_user_by_sort_time"),
            models.Index(fields=["variant", "sort_time", "id"], name="post_variant_by_sort_time"),
            models.Index(
                fields=["sort_time", "id"], condition=NOT_LIVE, name="post_not_live_by_sort_time"
            ),
        ]

    def __str__(self) -> str:
        return self.id


class PostMedia(Timestamped):
    """One image or video of a post. Removed media are kept with `removed_at`."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="media")
    # Unique only within its post: a hostile payload must not take over another post's medium.
    instagram_id = models.CharField(max_length=32)
    position = models.PositiveSmallIntegerField()
    thumbnail_url = models.TextField(default="", blank=True)
    media_url = models.TextField(default="", blank=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    duration = models.FloatField(null=True, blank=True, help_text="seconds")
    alternative_text = models.TextField(null=True, blank=True)
    image = models.ForeignKey(
        Asset, models.SET_NULL, null=True, blank=True, related_name="+", help_text="or the cover"
    )
    video = models.ForeignKey(Asset, models.SET_NULL, null=True, blank=True, related_name="+")
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["post", "instagram_id"], name="media_once_per_post"),
        ]

    def __str__(self) -> str:
        return f"{self.post_id} [{self.position}]"
