"""Posts and their media."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from instagram.models import Post, PostMedia, files
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


class PostMediaSerializer(MediumSerializer[PostMedia]):
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

    def get_width(self, medium: PostMedia) -> int | None:
        """Pixels."""
        return media.width(medium)

    def get_height(self, medium: PostMedia) -> int | None:
        """Pixels."""
        return media.height(medium)


# Of `querysets.posts()`
class PostSerializer(QualifiedSerializer[Post]):
    """A post with its media in order; it looks like the first of them."""

    BLANKS: ClassVar = {"caption": ""}
    TIMES: ClassVar = {"post_created_at": "created_at"}

    thumbnail_url = serializers.SerializerMethodField()
    thumbnail = serializers.SerializerMethodField()
    blur_data_url = serializers.SerializerMethodField()
    width = serializers.SerializerMethodField()
    height = serializers.SerializerMethodField()
    caption = serializers.CharField()
    media_count = serializers.SerializerMethodField()
    media = PostMediaSerializer(source="current_media", many=True, read_only=True)
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

    def get_media_count(self, post: Any) -> int:
        """As many as `media` has."""
        return len(post.current_media)

    def get_thumbnail_url(self, post: Post) -> str:
        """Where it came from."""
        return _first(post).thumbnail_url

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_thumbnail(self, post: Post) -> str | None:
        return self.url(files.thumbnail(_first(post)))

    def get_blur_data_url(self, post: Post) -> str:
        """Raw base64 of a tiny JPEG, or nothing."""
        return media.blur(_first(post))

    def get_width(self, post: Post) -> int | None:
        """Pixels."""
        return media.width(_first(post))

    def get_height(self, post: Post) -> int | None:
        """Pixels."""
        return media.height(_first(post))


# Of `querysets.posts_in_full()`
class PostDetailSerializer(PostSerializer):
    """A post with its owner in full."""

    user = UserDetailSerializer(read_only=True)
    last_seen_at = LastSeenField()

    class Meta(PostSerializer.Meta):
        fields = (
            *PostSerializer.Meta.fields,
            "last_seen_at",
            "first_missed_at",
            "confirmed_at",
        )
        read_only_fields = fields


NO_MEDIUM = PostMedia()


def _first(post: Any) -> PostMedia:
    return post.current_media[0] if post.current_media else NO_MEDIUM
