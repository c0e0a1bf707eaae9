"""The admin of highlights."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import F, Model, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from core.admin.bases import KeptInline, ReadOnlyAdmin, SearchableAdmin
from core.admin.filters import DayRangeFilter
from instagram.admin.pictures import Pictures
from instagram.models import Highlight, HighlightItem, files
from storage.models import StoredFile


class ItemInline(KeptInline):
    """The stories in their order, followed by removed ones."""

    model = HighlightItem
    verbose_name_plural = "stories"
    ordering = (F("removed_at").asc(nulls_first=True), "position", "id")
    machine_fields: ClassVar = ("position", "story", "removed_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[HighlightItem]:
        rows: QuerySet[HighlightItem] = super().get_queryset(request)
        return rows.select_related("story__image__file", "story__video__file__poster").defer(
            "story__raw_data"
        )

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:  # noqa: ARG002  Django's signature
        return (Pictures(request, _of_item, 120), *self.machine_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.get_fields(request, obj)


@admin.register(Highlight)
class HighlightAdmin(ReadOnlyAdmin, SearchableAdmin):
    ID_FIELD = "pk"
    list_filter: ClassVar[tuple[Any, ...]] = (
        ("user", AutocompleteSelectFilter),
        "availability",
        ("created_at", DayRangeFilter),
    )
    search_fields = ("title",)
    search_help_text = "Words of the title, or the Instagram id"
    ordering = ("-created_at", "-id")
    sortable_by = ("created_at",)
    list_display_links = ("id",)
    inlines = (ItemInline,)
    machine_fields: ClassVar = (
        "title", "user", "id", "position", "media_count", "edited_at", "read_at", "availability",
        "last_seen_at", "first_missed_at", "confirmed_at", "created_at", "updated_at", "raw_data",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Highlight]:
        rows: QuerySet[Highlight] = super().get_queryset(request)
        return rows.select_related("user", "cover__file").defer(
            "raw_data", "search_grams", "user__raw_data", "user__search_grams"
        )

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        facts = ("user", "title", "position", "availability", "created_at")
        return (Pictures(request, _cover, 56, "Cover"), "id", *facts)

    def get_fields(self, request: HttpRequest, obj: Highlight | None = None) -> Any:  # noqa: ARG002  Django's signature
        return (Pictures(request, _cover, 160, "Cover"), *self.machine_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Highlight | None = None) -> Any:
        return self.get_fields(request, obj)


def _cover(highlight: Highlight) -> list[StoredFile | None]:
    return [files.stored(highlight.cover)]


def _of_item(item: HighlightItem) -> list[StoredFile | None]:
    return [files.thumbnail(item.story)]
