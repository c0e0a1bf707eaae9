"""Profiles, their former names, and their counts over time."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Case, CharField, Exists, F, OuterRef, Q, Subquery, Value, When
from django.utils import timezone
from simple_history.models import HistoricalRecords

from core.db.search import IsAny, Like, Searchable, SearchQuerySet, Word
from core.models import Timestamped
from instagram.models.availability import NOT_LIVE, Availability, Observed
from storage.models import Asset


class Schedule(models.TextChoices):
    """Which streams of a profile are polled automatically."""

    NOTHING = "nothing"
    RETURN = "return", "return: only whether a hidden profile shows something again"
    PROFILE = "profile", "profile: everything but stories"
    STORIES = "stories"
    ALL = "all"


# Only the profile itself can be read. A missing one is still polled, because it is not proven.
HIDDEN = (Availability.DELETED.value, Availability.PRIVATE.value)
# The schedule that follows from the flags and the availability.
ASKED_SCHEDULE = Case(
    When(
        allow_auto_update_profile=False,
        allow_auto_update_stories=False,
        then=Value(Schedule.NOTHING.value),
    ),
    When(availability__in=HIDDEN, then=Value(Schedule.RETURN.value)),
    When(allow_auto_update_stories=False, then=Value(Schedule.PROFILE.value)),
    When(allow_auto_update_profile=False, then=Value(Schedule.STORIES.value)),
    default=Value(Schedule.ALL.value),
    output_field=CharField(),
)
OUT_OF_STEP = ~Q(schedule=ASKED_SCHEDULE)


class UserQuerySet(SearchQuerySet["User"]):
    """Profiles; a search reads their names and their biography."""

    def out_of_step(self) -> UserQuerySet:
        """Profiles whose schedule does not match their flags, in index order."""
        return self.filter(OUT_OF_STEP).order_by("pk")

    def named(self, *usernames: str) -> UserQuerySet:
        """Profiles of these names: the current holder, one requested by it, then former holders."""
        holds_now = UsernamePeriod.objects.filter(
            user=OuterRef("pk"), username=OuterRef("username"), ended_at=None
        )
        return (
            self.filter(username__in=usernames)
            .annotate(holds_name=Exists(holds_now), is_only_a_name=Q(instagram_id=None))
            .order_by("-holds_name", "-is_only_a_name", "-created_at")
        )


class User(Timestamped, Searchable, Observed):
    """A profile, identified by its numeric Instagram id, since names change.

    NULL is unknown. The three counts are those of the last tracked change and belong to the
    history; the current counts are in the newest ProfileMetric.
    """

    SEARCHED = ("username", "full_name", "biography")

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    instagram_id = models.CharField(max_length=32, null=True, blank=True, unique=True)
    username = models.CharField(max_length=64, db_index=True)
    full_name = models.TextField(null=True, blank=True)
    biography = models.TextField(null=True, blank=True)
    is_private = models.BooleanField(null=True, blank=True)
    is_verified = models.BooleanField(null=True, blank=True)
    external_url = models.TextField(null=True, blank=True)
    bio_links = models.JSONField(null=True, blank=True)
    media_count = models.BigIntegerField(null=True, blank=True)
    follower_count = models.BigIntegerField(null=True, blank=True)
    following_count = models.BigIntegerField(null=True, blank=True)
    original_profile_picture_url = models.TextField(default="", blank=True)
    picture = models.ForeignKey(Asset, models.SET_NULL, null=True, blank=True, related_name="+")
    raw_data = models.JSONField(null=True, blank=True)

    allow_auto_update_stories = models.BooleanField(default=False)
    allow_auto_update_profile = models.BooleanField(default=False)
    # The REST API has always shown these two fields. They have no effect and cannot be set.
    auto_update_stories_limit_count = models.PositiveIntegerField(default=0)
    auto_update_profile_limit_count = models.PositiveIntegerField(default=0)
    schedule = models.CharField(
        max_length=10,
        choices=Schedule,
        default=Schedule.NOTHING,
        editable=False,
        help_text="what the schedule polls now; it follows the flags within seconds",
    )
    api_updated_at = models.DateTimeField(
        null=True, blank=True, help_text="last tracked change that came from the Core API"
    )

    objects: ClassVar = UserQuerySet.as_manager()
    history = HistoricalRecords(
        excluded_fields=[
            "raw_data", "search_text", "search_grams", "original_profile_picture_url", "misses",
            "last_missed_at", "schedule",
        ],
        cascade_delete_history=False,
    )  # fmt: skip

    class Meta:
        verbose_name = "profile"
        constraints: ClassVar = [
            # Two people who add the same new name at the same time get the same row.
            models.UniqueConstraint(
                fields=["username"],
                condition=Q(instagram_id=None),
                name="user_name_once_until_identified",
            ),
        ]
        indexes: ClassVar = [
            GinIndex(fields=["search_grams"], name="user_search"),
            # The four orders of GET /instagram/users/
            models.Index(fields=["created_at", "uuid"], name="user_by_created"),
            models.Index(fields=["updated_at", "uuid"], name="user_by_updated"),
            models.Index(fields=["username", "uuid"], name="user_by_username"),
            models.Index(fields=["full_name", "uuid"], name="user_by_full_name"),
            models.Index(
                fields=["created_at", "uuid"], condition=NOT_LIVE, name="user_not_live_by_created"
            ),
            # Serves the schedule, which queries it every 15 seconds; nearly always empty.
            models.Index(fields=["uuid"], condition=OUT_OF_STEP, name="user_out_of_step"),
        ]

    def __str__(self) -> str:
        return self.username


def owner_by_index(word: Word) -> Q:
    """The rows whose owner's document contains the word, by indexes."""
    # PostgreSQL looks an array up in the index on `user`, even in an OR; a subquery it might hash,
    # and compare with all rows.
    owners = User.objects.matching([word])
    return Q(IsAny(F("user"), ArraySubquery(owners.values("pk"))))


def owner_by_reading(word: Word) -> Q:
    """The same rows as `owner_by_index`, by reading the document of each row's owner."""
    # PostgreSQL might read all profiles for a join, and a page has the first rows of an order.
    owner = User.objects.filter(pk=OuterRef("user"))
    return Q(Like(Subquery(owner.values("search_text")), word.pattern))


class UsernamePeriod(models.Model):
    """A period in which a profile had a name; `ended_at` is NULL for the current one."""

    user = models.ForeignKey(User, models.CASCADE, related_name="username_periods")
    username = models.CharField(max_length=64)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["username"], condition=Q(ended_at=None), name="username_held_by_one"
            ),
            models.UniqueConstraint(
                fields=["user"], condition=Q(ended_at=None), name="user_holds_one_username"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["username", "-started_at"], name="username_then")]

    def __str__(self) -> str:
        return self.username


class ProfileMetric(models.Model):
    """The counts of a profile on a day, written only when one of them changed."""

    COUNTS = ("follower_count", "following_count", "media_count")

    user = models.ForeignKey(User, models.CASCADE, related_name="metrics")
    day = models.DateField()
    follower_count = models.BigIntegerField(null=True)
    following_count = models.BigIntegerField(null=True)
    media_count = models.BigIntegerField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "day"], name="metric_once_per_day"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} on {self.day}"


class ProfileAddition(models.Model):
    """An account has added a profile that was new. Older ones than 24 hours are of no use."""

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="additions", editable=False
    )
    added_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["account", "added_at"], name="addition_recent")]

    def __str__(self) -> str:
        return f"{self.account_id} at {self.added_at:%Y-%m-%d %H:%M}"
