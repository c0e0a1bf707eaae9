"""Highlights."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from instagram.models import Highlight, files
from instagram.serializers.base import (
    DoubtfulField,
    LastSeenField,
    QualifiedSerializer,
    TruncatedField,
    UnknownField,
)
from instagram.serializers.stories import StorySerializer
from instagram.serializers.users import UserDetailSerializer, UserSerializer


# Of `querysets.highlights()`
class HighlightSerializer(QualifiedSerializer[Highlight]):
    """A highlight: stories that a profile keeps on show."""

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
    def get_cover(self, highlight: Highlight) -> str | None:
        return self.url(files.stored(highlight.cover))

    def get_blur_data_url(self, highlight: Highlight) -> str:
        """Raw base64 of a tiny JPEG, or nothing."""
        file = files.stored(highlight.cover)
        return file.blur if file else ""


# Of `querysets.highlights_in_full()`
class HighlightDetailSerializer(HighlightSerializer):
    """A highlight with its owner in full and its stories in order."""

    user = UserDetailSerializer(read_only=True)
    stories = serializers.SerializerMethodField()
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

    @extend_schema_field(StorySerializer(many=True))
    def get_stories(self, highlight: Any) -> list[dict[str, Any]]:
        held = [place.story for place in highlight.places]
        return list(StorySerializer(held, many=True, context=self.context).data)
