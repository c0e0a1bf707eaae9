"""Stories."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

from core.api.rows import Rows, RowSerializer, reads
from core.db.selection import Row
from instagram import querysets
from instagram.models import HighlightItem, Story
from instagram.serializers.base import DoubtfulField, LastSeenField
from instagram.serializers.media import MediumSerializer
from instagram.serializers.users import UserDetailSerializer, UserSerializer


class StorySerializer(MediumSerializer):
    """A story."""

    rows: ClassVar[Rows] = Story.objects.all
    TIMES: ClassVar = {"story_created_at": "created_at"}

    doubtful = DoubtfulField()
    user: serializers.BaseSerializer[Any] = UserSerializer(read_only=True)

    class Meta:
        model = Story
        fields: tuple[str, ...] = (
            "story_id",
            "user",
            "thumbnail",
            "blur_data_url",
            "media",
            "is_flagged",
            "availability",
            "created_at",
            "story_created_at",
            "doubtful",
        )
        read_only_fields = fields


class HolderSerializer(RowSerializer):
    """A highlight that holds the story now."""

    id = serializers.CharField(source="highlight_id", read_only=True)
    title = serializers.CharField(source="highlight.title", allow_null=True, read_only=True)

    class Meta:
        model = HighlightItem
        fields = ("id", "title")
        read_only_fields = fields


class StoryDetailSerializer(StorySerializer):
    """A story with its owner in full, and the highlights that hold it."""

    rows: ClassVar[Rows] = staticmethod(querysets.stories_in_full)
    lists: ClassVar = {"highlights": querysets.highlights_of_stories}

    user = UserDetailSerializer(read_only=True)
    highlights = HolderSerializer(many=True, read_only=True)
    last_seen_at = LastSeenField()
    views = serializers.SerializerMethodField(help_text="As of some minutes ago.")

    class Meta(StorySerializer.Meta):
        fields = (
            *StorySerializer.Meta.fields,
            "highlights",
            "last_seen_at",
            "first_missed_at",
            "confirmed_at",
            "views",
        )
        read_only_fields = fields

    @reads("viewed__views")
    def get_views(self, row: Row) -> int:
        views: int | None = row["viewed__views"]
        return views or 0
