"""List filters that do not scan the table."""

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
    """Filters a column by known values. Django would scan the table to list them."""

    values: ClassVar[Sequence[str]]

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:  # noqa: ARG002  Django's signature
        """The values as stored in the column."""
        return [(value, value) for value in self.values]

    def queryset(
        self,
        request: HttpRequest,  # noqa: ARG002  Django's signature
        queryset: QuerySet[Any],
    ) -> QuerySet[Any]:
        chosen = {str(self.parameter_name): self.value()}
        return queryset.filter(**chosen) if self.value() else queryset


class DayRangeFilter(RangeDateFilter):
    """Filters a range of days, both included. An invalid day is ignored."""

    def queryset(
        self,
        request: HttpRequest,  # noqa: ARG002  Django's signature
        queryset: QuerySet[Any],
    ) -> QuerySet[Any]:
        """The rows of these days in the admin's time zone."""
        for end, lookup, of_day in (("from", "gte", time.min), ("to", "lte", time.max)):
            if day := parse_date_str(self.used_parameters.get(f"{self.parameter_name}_{end}")):
                limit = make_aware(datetime.combine(day, of_day))
                queryset = queryset.filter(**{f"{self.parameter_name}__{lookup}": limit})
        return queryset


class TimeRangeFilter(RangeDateTimeFilter):
    """Filters a range of times, both included. An invalid time is ignored."""

    def queryset(
        self,
        request: HttpRequest,  # noqa: ARG002  Django's signature
        queryset: QuerySet[Any],
    ) -> QuerySet[Any]:
        """The rows of this range in the admin's time zone."""
        for end, lookup in (("from", "gte"), ("to", "lte")):
            parts = [self.used_parameters.get(f"{self.parameter_name}_{end}_{n}") for n in (0, 1)]
            if limit := parse_datetime_str(f"{parts[0]} {parts[1]}"):
                within = {f"{self.parameter_name}__{lookup}": make_aware(limit)}
                queryset = queryset.filter(**within)
        return queryset
