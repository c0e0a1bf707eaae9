"""The size of the archive."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from core.api.answers import unchanged
from instagram.models import Highlight, Post, Story, User


class StatisticSerializer(serializers.Serializer[dict[str, int]]):
    """Exact numbers of now."""

    total_users = serializers.IntegerField()
    total_posts = serializers.IntegerField()
    total_stories = serializers.IntegerField()
    total_highlights = serializers.IntegerField()


class StatisticViewSet(ViewSet):
    """How much the archive holds."""

    @extend_schema(responses=StatisticSerializer)
    def list(self, request: Request) -> HttpResponse:
        """Count everything."""
        return unchanged(request, counted)


def counted() -> Response:
    return Response(
        {
            "total_users": User.objects.count(),
            "total_posts": Post.objects.count(),
            "total_stories": Story.objects.count(),
            "total_highlights": Highlight.objects.count(),
        }
    )
