"""Stories."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from instagram.models import Story
from instagram.serializers.media import MediumSerializer
from instagram.serializers.users import UserDetailSerializer, UserSerializer


# Of `Story.objects.for_api()`
class StorySerializer(MediumSerializer[Story]):
    """A story."""

    user: serializers.BaseSerializer[Any] = UserSerializer(read_only=True)

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


# Of `Story.objects.for_api_detail()`
class StoryDetailSerializer(StorySerializer):
    """A story with its owner in full."""

    user = UserDetailSerializer(read_only=True)
