"""Stories."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request

from instagram.filters import StoryFilter
from instagram.models import Story, StoryViews
from instagram.serializers.stories import StoryDetailSerializer, StorySerializer
from instagram.views import base, viewing


@extend_schema_view(
    list=extend_schema(description="The archived stories, the latest arrival first."),
    retrieve=extend_schema(
        description="A story with its owner in full, and the highlights that hold it."
    ),
)
class StoryViewSet(base.OfProfile[Story], base.SearchedViewSet[Story]):
    """The archived stories."""

    queryset = Story.objects.all()
    serializer_class = StorySerializer
    serializer_class_in_full = StoryDetailSerializer
    filterset_class = StoryFilter
    default_ordering = "-created_at"
    lookup_field = "story_id"
    lookup_value_converter = "identifier"

    def retrieve(self, request: Request, **path: Any) -> HttpResponse:
        response = super().retrieve(request, **path)
        viewing.seen(request, StoryViews, path["story_id"])
        return response

    @base.similar(StorySerializer, Story.objects.none())
    def similar(self, _request: Request, **_: str) -> HttpResponse:
        """The most similar stories first, never the story itself; empty for an unknown one."""
        return self.page()
