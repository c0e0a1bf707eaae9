"""Stories."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from instagram.models import Story, files
from instagram.serializers import media
from instagram.serializers.base import FileSerializer
from instagram.serializers.users import UserDetailSerializer, UserSerializer


# Of `Story.objects.for_api()`
class StorySerializer(FileSerializer[Story]):
    """A story."""

    user: serializers.BaseSerializer[Any] = UserSerializer(read_only=True)
    thumbnail = serializers.SerializerMethodField()
    blur_data_url = serializers.SerializerMethodField()
    media = serializers.SerializerMethodField()

    class Meta:
        model = Story
        fields = (
            "story_id",
            "user",
            "thumbnail",
            "blur_data_url",
            "media",
            "is_flagged",
            "created_at",
            "story_created_at",
        )
        read_only_fields = fields

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_thumbnail(self, story: Story) -> str | None:
        """An image, for a video too."""
        return self.url(files.thumbnail(story))

    def get_blur_data_url(self, story: Story) -> str:
        """Raw base64 of a tiny JPEG, or nothing."""
        return media.blur(story)

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_media(self, story: Story) -> str | None:
        """The image or video."""
        return self.url(files.main(story))


# Of `Story.objects.for_api_detail()`
class StoryDetailSerializer(StorySerializer):
    """A story with its owner in full."""

    user = UserDetailSerializer(read_only=True)
