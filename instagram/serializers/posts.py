"""Posts and their media."""

from __future__ import annotations

from typing import Any, ClassVar, TypedDict

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.rows import Rows, reads
from core.db.selection import Row
from instagram import querysets
from instagram.models import Post, PostMedia
from instagram.serializers import media
from instagram.serializers.base import (
    DoubtfulField,
    LastSeenField,
    QualifiedSerializer,
    TruncatedField,
    UnknownField,
)
from instagram.serializers.media import MediumSerializer
from instagram.serializers.users import UserDetailSerializer, UserSerializer


class PostMediaSerializer(MediumSerializer):
    """One image or video of a post."""

    id = serializers.CharField(source="instagram_id", read_only=True)
    width = serializers.SerializerMethodField()
    height = serializers.SerializerMethodField()

    class Meta:
        model = PostMedia
        fields = (
            "id",
            "thumbnail_url",
            "blur_data_url",
            "media_url",
            "thumbnail",
            "media",
            "width",
            "height",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields

    @reads(*media.size("width"))
    def get_width(self, row: Row) -> int | None:
        """Pixels."""
        return media.pixels(row, "width")

    @reads(*media.size("height"))
    def get_height(self, row: Row) -> int | None:
        """Pixels."""
        return media.pixels(row, "height")


class PostSerializer(QualifiedSerializer):
    """A post with its media in order; it looks like the first of them."""

    rows: ClassVar[Rows] = Post.objects.all
    lists: ClassVar = {"media": querysets.media_of_posts}
    BLANKS: ClassVar = {"caption": ""}
    TIMES: ClassVar = {"post_created_at": "created_at"}

    thumbnail_url = serializers.SerializerMethodField()
    thumbnail = serializers.SerializerMethodField()
    blur_data_url = serializers.SerializerMethodField()
    width = serializers.SerializerMethodField()
    height = serializers.SerializerMethodField()
    caption = serializers.CharField()
    media_count = serializers.SerializerMethodField()
    media = PostMediaSerializer(many=True, read_only=True)
    user: serializers.BaseSerializer[Any] = UserSerializer(read_only=True)
    unknown = UnknownField()
    truncated = TruncatedField()
    doubtful = DoubtfulField()

    class Meta:
        model = Post
        fields: tuple[str, ...] = (
            "id",
            "variant",
            "thumbnail_url",
            "thumbnail",
            "blur_data_url",
            "width",
            "height",
            "caption",
            "media_count",
            "is_flagged",
            "availability",
            "post_created_at",
            "created_at",
            "updated_at",
            "media",
            "user",
            "unknown",
            "truncated",
            "doubtful",
        )
        read_only_fields = fields

    @reads()
    def get_media_count(self, row: Row) -> int:
        """As many as `media` has."""
        return len(row["media"])

    @reads()
    def get_thumbnail_url(self, row: Row) -> str:
        """Where it came from."""
        return _cover(row)["thumbnail_url"]

    @extend_schema_field(serializers.URLField(allow_null=True))
    @reads()
    def get_thumbnail(self, row: Row) -> str | None:
        return _cover(row)["thumbnail"]

    @reads()
    def get_blur_data_url(self, row: Row) -> str:
        """Raw base64 of a tiny JPEG, or nothing."""
        return _cover(row)["blur_data_url"]

    @reads()
    def get_width(self, row: Row) -> int | None:
        """Pixels."""
        return _cover(row)["width"]

    @reads()
    def get_height(self, row: Row) -> int | None:
        """Pixels."""
        return _cover(row)["height"]


class PostDetailSerializer(PostSerializer):
    """A post with its owner in full."""

    rows: ClassVar[Rows] = staticmethod(querysets.posts_in_full)

    user = UserDetailSerializer(read_only=True)
    last_seen_at = LastSeenField()
    views = serializers.SerializerMethodField(help_text="As of some minutes ago.")

    class Meta(PostSerializer.Meta):
        fields = (
            *PostSerializer.Meta.fields,
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


class Cover(TypedDict):
    """What a post takes from its first medium."""

    thumbnail_url: str
    thumbnail: str | None
    blur_data_url: str
    width: int | None
    height: int | None


NO_COVER = Cover(thumbnail_url="", thumbnail=None, blur_data_url="", width=None, height=None)


def _cover(row: Row) -> Cover:
    """The first medium, as it is shown."""
    return row["media"][0] if row["media"] else NO_COVER
