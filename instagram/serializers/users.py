"""Profiles and their history."""

from __future__ import annotations

from datetime import UTC
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.rows import Rows, RowSerializer, reads
from core.db.selection import Row, Selection
from instagram import querysets
from instagram.models import ProfileMetric, User
from instagram.serializers.base import (
    LastSeenField,
    QualifiedSerializer,
    TruncatedField,
    UnknownField,
)

PROFILES = Selection(User.objects.all(), ("pk",))


class ProfileSerializer(QualifiedSerializer):
    """The fields that a profile and a row of its history have in common."""

    BLANKS: ClassVar = {
        "full_name": "",
        "biography": "",
        "is_private": False,
        "is_verified": False,
        "media_count": 0,
        "follower_count": 0,
        "following_count": 0,
    }

    SHARED = (
        "instagram_id", "username", "full_name", "profile_picture", "biography", "is_private",
        "is_verified", "media_count", "follower_count", "following_count",
        "allow_auto_update_stories", "allow_auto_update_profile", "availability", "created_at",
        "updated_at", "api_updated_at", "unknown", "truncated",
    )  # fmt: skip

    full_name = serializers.CharField()
    biography = serializers.CharField()
    is_private = serializers.BooleanField()
    is_verified = serializers.BooleanField()
    media_count = serializers.IntegerField()
    follower_count = serializers.IntegerField()
    following_count = serializers.IntegerField()
    profile_picture = serializers.SerializerMethodField()
    unknown = UnknownField()
    truncated = TruncatedField()

    @extend_schema_field(serializers.URLField(allow_null=True))
    @reads("picture__file__sha256", "picture__file__extension")
    def get_profile_picture(self, row: Row) -> str | None:
        return self.url(row, "picture__file")


class NewestCount(serializers.IntegerField):
    """A count of today: of the newest metric where it has one, otherwise the row's own."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.position = ProfileMetric.COUNTS.index(name)
        self.reads = (name, "newest_counts")

    def show(self, row: Row) -> int | None:
        newest = row["newest_counts"][self.position] if row["newest_counts"] else None
        own: int | None = row[self.name]
        return own if newest is None else newest


class UserSerializer(ProfileSerializer):
    """A profile. What is unknown is `""`, `false` or `0`, and named under `unknown`."""

    rows: ClassVar[Rows] = staticmethod(querysets.profiles)

    media_count = NewestCount("media_count")
    follower_count = NewestCount("follower_count")
    following_count = NewestCount("following_count")
    has_stories = serializers.BooleanField()
    has_history = serializers.BooleanField()

    class Meta:
        model = User
        fields: tuple[str, ...] = (
            "uuid",
            "has_stories",
            "has_history",
            *ProfileSerializer.SHARED,
        )
        read_only_fields = fields


class UserDetailSerializer(UserSerializer):
    """A profile in full."""

    rows: ClassVar[Rows] = staticmethod(querysets.profiles_in_full)

    updated_at_from_api = serializers.DateTimeField(
        allow_null=True, help_text="when a poll of the profile last succeeded"
    )
    last_seen_at = LastSeenField()

    class Meta(UserSerializer.Meta):
        fields = (
            *UserSerializer.Meta.fields,
            "original_profile_picture_url",
            "auto_update_stories_limit_count",
            "auto_update_profile_limit_count",
            "updated_at_from_api",
            "last_seen_at",
            "first_missed_at",
            "confirmed_at",
        )
        read_only_fields = fields


class AsOfSerializer(serializers.Serializer[Any]):
    """The time for which a profile is wanted."""

    as_of = serializers.DateTimeField(
        required=False,
        default_timezone=UTC,
        help_text="the profile as known then; a time without an offset is UTC",
    )


class OfProfileSerializer(serializers.Serializer[Any]):
    """The profile whose rows are wanted."""

    user = serializers.UUIDField(required=False)

    def validate_user(self, value: UUID) -> UUID:
        if not PROFILES.of([value]):
            raise serializers.ValidationError("No profile has this uuid.")
        return value


class MetricSerializer(RowSerializer):
    """The counts of a profile on a day, as of its last poll; null is unknown."""

    rows: ClassVar[Rows] = ProfileMetric.objects.all

    class Meta:
        model = ProfileMetric
        fields = ("day", *ProfileMetric.COUNTS)
        read_only_fields = fields


class UserHistorySerializer(ProfileSerializer):
    """A profile as it was from `history_date` on."""

    rows: ClassVar[Rows] = User.history.all

    class Meta:
        model = User.history.model
        fields = (
            "history_id",
            "history_date",
            "history_change_reason",
            "history_type",
            "uuid",
            *ProfileSerializer.SHARED,
        )
        read_only_fields = fields
