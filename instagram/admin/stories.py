"""The admin of stories."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from core.admin.bases import KeptAdmin
from core.admin.filters import DayRangeFilter
from instagram.admin.owners import OfProfileSearch
from instagram.admin.pictures import Pictures, thumbnail_of
from instagram.models import Story


@admin.register(Story)
class StoryAdmin(OfProfileSearch, KeptAdmin):
    """Archived stories. Staff can only change the flag."""

    list_filter = (
        ("user", AutocompleteSelectFilter), "availability", "is_flagged",
        ("created_at", DayRangeFilter),
    )  # fmt: skip
    search_help_text = "The whole Instagram id, or the username of the profile"
    ordering = ("-created_at", "-story_id")
    list_display_links = ("story_id",)
    machine_fields: ClassVar = (
        "story_id", "user", "story_created_at", "expires_at", "width", "height", "duration",
        "image", "video", "availability", "last_seen_at", "first_missed_at", "confirmed_at",
        "created_at", "updated_at", "raw_data",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Story]:
        rows: QuerySet[Story] = super().get_queryset(request)
        return rows.select_related("user", "image__file", "video__file__poster").defer(
            "raw_data", "user__raw_data", "user__search_grams"
        )

    def found(self, users: list[Any], term: str) -> Q:
        """The stories of these profiles, or the one with that id."""
        return super().found(users, term) | Q(pk=term)

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        facts = ("user", "availability", "story_created_at", "expires_at")
        return (_picture(request, 56), "story_id", *facts)

    def get_fields(self, request: HttpRequest, obj: Story | None = None) -> Any:  # noqa: ARG002  Django's signature
        return (_picture(request, 320), "is_flagged", *self.machine_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Story | None = None) -> Any:  # noqa: ARG002  Django's signature
        return (_picture(request, 320), *self.machine_fields)


def _picture(request: HttpRequest, height: int) -> Pictures:
    return Pictures(request, thumbnail_of, height)
