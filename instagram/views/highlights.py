"""Highlights."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from instagram.filters import HighlightFilter
from instagram.models import Highlight
from instagram.serializers.highlights import HighlightDetailSerializer, HighlightSerializer
from instagram.views import base


@extend_schema_view(
    retrieve=extend_schema(
        description="A highlight with its owner in full and its stories in order."
    ),
)
class HighlightViewSet(base.OfProfile[Highlight], base.SearchedViewSet[Highlight]):
    """The archived highlights."""

    queryset = Highlight.objects.all()
    serializer_class = HighlightSerializer
    serializer_class_in_full = HighlightDetailSerializer
    filterset_class = HighlightFilter
    orderings = ("created_at", "position")
    default_ordering = "-created_at"
    lookup_field = "id"
    lookup_value_converter = "identifier"

    @base.of_profile
    def list(self, request: Request) -> HttpResponse:
        """The archived highlights, the latest arrival first, or as in the tray of one profile."""
        query = request.query_params
        # Positions in the trays of several profiles have no common order, and no index.
        if query.get("ordering", "").removeprefix("-") == "position" and not query.get("user"):
            raise ValidationError({"ordering": ["`position` is the order within one `user`."]})
        return super().list(request)
