"""Highlights."""

from __future__ import annotations

from typing import Any

from rest_framework import generics
from rest_framework.exceptions import ValidationError

from instagram.filters import HighlightFilter
from instagram.models import Highlight
from instagram.serializers.highlights import HighlightDetailSerializer, HighlightSerializer
from instagram.views import base, querysets


class HighlightListView(base.SearchedList[Highlight]):
    """The archived highlights, the latest arrival first, or as in the tray of one profile."""

    queryset = querysets.highlights()
    serializer_class = HighlightSerializer
    filterset_class = HighlightFilter
    orderings = ("created_at", "position")
    default_ordering = "-created_at"

    def filter_queryset(self, queryset: Any) -> Any:
        """Places in a tray order the highlights of one profile only, and have an index there."""
        query = self.request.query_params
        if query.get("ordering", "").removeprefix("-") == "position" and not query.get("user"):
            raise ValidationError({"ordering": ["`position` is the order within one `user`."]})
        return super().filter_queryset(queryset)


class HighlightDetailView(generics.RetrieveAPIView[Highlight]):
    """A highlight with its owner in full and its stories in order."""

    queryset = querysets.highlights_in_full()
    serializer_class = HighlightDetailSerializer
    lookup_field = "id"
