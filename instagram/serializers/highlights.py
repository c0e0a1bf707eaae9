"""Highlights."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.rows import Rows, reads
from core.db.selection import Row
from instagram import querysets
from instagram.models import Highlight
from instagram.serializers.base import (
    DoubtfulField,
    LastSeenField,
    QualifiedSerializer,
    TruncatedField,
    UnknownField,
)
from instagram.serializers.stories import StorySerializer
from instagram.serializers.users import UserDetailSerializer, UserSerializer


class HighlightSerializer(QualifiedSerializer):
    """A highlight: stories that a profile keeps on show."""

    rows: ClassVar[Rows] = Highlight.objects.all
    BLANKS: ClassVar = {"title": "", "media_count": 0}
    TIMES: ClassVar = {"edited_at": "updated_at"}

    title = serializers.CharField()
    media_count = serializers.IntegerField(help_text="stories, as the profile's tray says")
    cover = serializers.SerializerMethodField()
    blur_data_url = serializers.SerializerMethodField()
    user: serializers.BaseSerializer[Any] = UserSerializer(read_only=True)
    unknown = UnknownField()
    truncated = TruncatedField()
    doubtful = DoubtfulField()

    class Meta:
        model = Highlight
        fields: tuple[str, ...] = (
            "id",
            "user",
            "title",
            "cover",
            "blur_data_url",
            "position",
            "media_count",
            "availability",
            "edited_at",
            "created_at",
            "updated_at",
            "unknown",
            "truncated",
            "doubtful",
        )
        read_only_fields = fields

    @extend_schema_field(serializers.URLField(allow_null=True))
    @reads("cover__file__sha256", "cover__file__extension")
    def get_cover(self, row: Row) -> str | None:
        return self.url(row, "cover__file")

    @reads("cover__file__blur")
    def get_blur_data_url(self, row: Row) -> str:
        """Raw base64 of a tiny JPEG, or nothing."""
        return row["cover__file__blur"] or ""


class HighlightDetailSerializer(HighlightSerializer):
    """A highlight with its owner in full and its stories in order."""

    rows: ClassVar[Rows] = staticmethod(querysets.highlights_in_full)
    lists: ClassVar = {"stories": querysets.stories_of_highlights}

    user = UserDetailSerializer(read_only=True)
    stories = StorySerializer(many=True, read_only=True)
    last_seen_at = LastSeenField()

    class Meta(HighlightSerializer.Meta):
        fields = (
            *HighlightSerializer.Meta.fields,
            "stories",
            "last_seen_at",
            "first_missed_at",
            "confirmed_at",
        )
        read_only_fields = fields
