"""Stories."""

from __future__ import annotations

from rest_framework import generics

from instagram.filters import StoryFilter
from instagram.models import Story
from instagram.serializers.stories import StoryDetailSerializer, StorySerializer
from instagram.views import base, querysets


class StoryListView(base.SearchedList[Story]):
    """The archived stories, the latest arrival first."""

    queryset = querysets.stories()
    serializer_class = StorySerializer
    filterset_class = StoryFilter
    default_ordering = "-created_at"


class StoryDetailView(generics.RetrieveAPIView[Story]):
    """A story with its owner in full, and the highlights that hold it."""

    queryset = querysets.stories_in_full()
    serializer_class = StoryDetailSerializer
    lookup_field = "story_id"


class SimilarStoriesView(base.SimilarList[Story]):
    """The most similar stories first, never the story itself; empty for an unknown one."""

    queryset = Story.objects.none()
    serializer_class = StorySerializer
