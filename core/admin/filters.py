"""Filters of lists that cost no reading of the table, and whose days are whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import make_aware
from unfold.contrib.filters.admin import RangeDateFilter, RangeDateTimeFilter
from unfold.utils import parse_date_str, parse_datetime_str


class FixedChoiceFilter(admin.SimpleListFilter):
    """A column by values that are known: Django would read the whole table for their list."""

    values: ClassVar[Sequence[str]]

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:  # noqa: ARG002  Django's signature
        """The values as they stand in the column."""
        return [(value, value) for value in self.values]

    def queryset(
        self,
        request: HttpRequest,  # noqa: ARG002  Django's signature
        queryset: QuerySet[Any],
    ) -> QuerySet[Any]:
        """The rows with the chosen value, or all."""
        chosen = {str(self.parameter_name): self.value()}
        return queryset.filter(**chosen) if self.value() else queryset


class DayRangeFilter(RangeDateFilter):
    """From a day to a day, the last one included. What is no day is passed over."""

    def queryset(
        self,
        request: HttpRequest,  # noqa: ARG002  Django's signature
        queryset: QuerySet[Any],
    ) -> QuerySet[Any]:
        """The rows of these days, in the time zone of the admin."""
        for end, lookup, of_day in (("from", "gte", time.min), ("to", "lte", time.max)):
            if day := parse_date_str(self.used_parameters.get(f"{self.parameter_name}_{end}")):
                limit = make_aware(datetime.combine(day, of_day))
                queryset = queryset.filter(**{f"{self.parameter_name}__{lookup}": limit})
        return queryset


class TimeRangeFilter(RangeDateTimeFilter):
    """From a time to a time, both included. What is no time is passed over."""

    def queryset(
        self,
        request: HttpRequest,  # noqa: ARG002  Django's signature
        queryset: QuerySet[Any],
    ) -> QuerySet[Any]:
        """The rows of this time, in the time zone of the admin."""
        for end, lookup in (("from", "gte"), ("to", "lte")):
            parts = [self.used_parameters.get(f"{self.parameter_name}_{end}_{n}") for n in (0, 1)]
            if limit := parse_datetime_str(f"{parts[0]} {parts[1]}"):
                within = {f"{self.parameter_name}__{lookup}": make_aware(limit)}
                queryset = queryset.filter(**within)
        return queryset
