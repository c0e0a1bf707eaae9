"""Stories."""

from __future__ import annotations

from rest_framework import generics

from instagram.filters import StoryFilter
from instagram.models import Story
from instagram.serializers.stories import StoryDetailSerializer, StorySerializer
from instagram.views import base


class StoryListView(base.SearchedList[Story]):
    """`/instagram/stories/`"""

    queryset = Story.objects.for_api()
    serializer_class = StorySerializer
    filterset_class = StoryFilter
    default_ordering = "-created_at"


class StoryDetailView(generics.RetrieveAPIView[Story]):
    """`/instagram/stories/<story_id>/`"""

    queryset = Story.objects.for_api_detail()
    serializer_class = StoryDetailSerializer
    lookup_field = "story_id"


class SimilarStoriesView(base.SimilarList[Story]):
    """`/instagram/stories/<story_id>/similar/`"""

    queryset = Story.objects.none()
    serializer_class = StorySerializer
