"""The size of the archive."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from core.api.answers import unchanged
from instagram.models import RowTally

COUNTED = {
    "total_users": "instagram_user",
    "total_posts": "instagram_post",
    "total_stories": "instagram_story",
    "total_highlights": "instagram_highlight",
}


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


def counted() -> dict[str, int]:
    """The exact numbers. One statement."""
    totals = RowTally.objects.totals()
    return {name: totals.get(table, 0) for name, table in COUNTED.items()}
