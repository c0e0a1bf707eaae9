"""Filters of the REST API's lists."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import django_filters  # type: ignore[import-untyped]  # has no types
from django_filters import rest_framework
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request
from rest_framework.views import APIView

from core.api.keyset import Listed
from core.db.search import query_words
from instagram.models import ArchiveRun, ChangeEvent, Highlight, Post, ProfileMetric, Story, User


class FilterBackend(rest_framework.DjangoFilterBackend):  # type: ignore[misc]  # has no types
    """The filters of the view's FilterSet, whose form is built only if the client uses one."""

    def filter_queryset(self, request: Request, queryset: Any, view: APIView) -> Any:
        """Return the Listed with the filtered rows. Raises ValidationError."""
        listed: Listed = queryset
        filters = self.get_filterset_class(view, listed.rows).base_filters
        if filters.keys().isdisjoint(request.query_params):
            return listed
        return replace(listed, filtered=super().filter_queryset(request, listed.rows, view))


class WordSearch(BaseFilterBackend):
    """`search=`: rows that match every word."""

    parameter = "search"

    def filter_queryset(self, request: Request, queryset: Any, _view: APIView) -> Any:
        """Return the Listed with the words."""
        listed: Listed = queryset
        return replace(listed, words=query_words(request.query_params.get(self.parameter, "")))

    def get_schema_operation_parameters(self, _view: APIView) -> list[dict[str, Any]]:
        description = (
            "Words that must all be found, in any case and with or without accents; "
            "one or two letters as the beginning of a word."
        )
        schema = {"type": "string"}
        name = {"name": self.parameter, "in": "query", "required": False}
        return [{**name, "description": description, "schema": schema}]


class TextSearch(WordSearch):
    """`text=`, the same search under the name that clients of a search by meaning send."""

    parameter = "text"


class FieldFilter(django_filters.FilterSet):  # type: ignore[misc]  # has no types
    """The filters of a list, by fields of its model."""


class UserFilter(FieldFilter):
    class Meta:
        model = User
        fields = ("availability",)


class PostFilter(FieldFilter):
    class Meta:
        model = Post
        fields = ("variant", "availability")


class StoryFilter(FieldFilter):
    class Meta:
        model = Story
        fields = ("availability",)


class HighlightFilter(FieldFilter):
    class Meta:
        model = Highlight
        fields = ("availability",)


class ChangeFilter(FieldFilter):
    class Meta:
        model = ChangeEvent
        fields = ("kind",)


class MetricFilter(FieldFilter):
    """`from=` and `to=`: a range of days, both included."""

    class Meta:
        model = ProfileMetric
        fields = ()

    @classmethod
    def get_filters(cls) -> dict[str, django_filters.Filter]:
        """Adds `from`, which is a reserved word and cannot be an attribute."""
        ends = {"from": "gte", "to": "lte"}
        return {
            name: django_filters.DateFilter("day", lookup, input_formats=["%Y-%m-%d"])
            for name, lookup in ends.items()
        }


class RunFilter(FieldFilter):
    class Meta:
        model = ArchiveRun
        fields = ("state",)
