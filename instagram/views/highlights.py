"""Highlights."""

from __future__ import annotations

from rest_framework import generics

from instagram.filters import HighlightFilter
from instagram.models import Highlight
from instagram.serializers.highlights import HighlightDetailSerializer, HighlightSerializer
from instagram.views import base, querysets


class HighlightListView(base.SearchedList[Highlight]):
    """The archived highlights, the latest arrival first, or as in the tray of their profile."""

    queryset = querysets.highlights()
    serializer_class = HighlightSerializer
    filterset_class = HighlightFilter
    orderings = ("created_at", "position")
    default_ordering = "-created_at"


class HighlightDetailView(generics.RetrieveAPIView[Highlight]):
    """A highlight with its owner in full and its stories in order."""

    queryset = querysets.highlights_in_full()
    serializer_class = HighlightDetailSerializer
    lookup_field = "id"
