"""The admin of the change feed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from core.admin.bases import ReadOnlyAdmin
from core.admin.filters import TimeRangeFilter
from instagram.models import ChangeEvent


@admin.register(ChangeEvent)
class ChangeEventAdmin(ReadOnlyAdmin):
    list_display = ("seen_at", "kind", "object_id", "user", "event", "changed_fields")
    list_filter: ClassVar[tuple[Any, ...]] = (
        "kind",
        "event",
        ("user", AutocompleteSelectFilter),
        ("seen_at", TimeRangeFilter),
    )
    search_fields = ("object_id",)
    search_help_text = "The whole Instagram id, or the uuid of a profile"
    ordering = ("-id",)
    fields = readonly_fields = (
        "seen_at", "kind", "object_id", "user", "event", "fields", "transaction",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChangeEvent]:
        rows: QuerySet[ChangeEvent] = super().get_queryset(request)
        return rows.select_related("user").defer("user__raw_data", "user__search_grams")

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002  Django's signature
        queryset: QuerySet[ChangeEvent],
        search_term: str,
    ) -> tuple[QuerySet[ChangeEvent], bool]:
        """Searches for the changes of one object, using the index that starts with the kind."""
        wanted = search_term.strip()
        if not wanted:
            return queryset, False
        return queryset.filter(kind__in=ChangeEvent.Kind.values, object_id=wanted), False

    @admin.display(description="Fields")
    def changed_fields(self, change: ChangeEvent) -> str:
        return ", ".join(change.fields)
