"""The admin of posts."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, Prefetch, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import truncatechars
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from core.admin.bases import KeptAdmin, KeptInline, SearchableAdmin
from core.admin.filters import DayRangeFilter
from instagram.admin.observed import OBSERVED
from instagram.admin.pictures import Pictures, thumbnail_of
from instagram.models import Post, PostMedia, User, files
from storage.models import StoredFile

FILES = ("image__file", "video__file__poster")


class MediaInline(KeptInline):
    """The media in carousel order, removed ones included."""

    model = PostMedia
    machine_fields: ClassVar = (
        "position", "instagram_id", "width", "height", "duration", "image", "video", "removed_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[PostMedia]:
        rows: QuerySet[PostMedia] = super().get_queryset(request)
        return rows.select_related(*FILES)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:  # noqa: ARG002  Django's signature
        return (Pictures(request, thumbnail_of, 120), *self.machine_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.get_fields(request, obj)


@admin.register(Post)
class PostAdmin(KeptAdmin, SearchableAdmin):
    """Archived posts. Staff can only change the flag."""

    ID_FIELD = "pk"
    list_filter = (
        ("user", AutocompleteSelectFilter), "variant", "availability", "is_flagged",
        ("post_created_at", DayRangeFilter),
    )  # fmt: skip
    search_fields = ("caption",)
    search_help_text = "Words of the caption, or the Instagram id"
    ordering = ("-sort_time", "-id")
    sortable_by = ("sort_time",)
    list_display_links = ("id",)
    inlines = (MediaInline,)
    content: ClassVar = (
        "user", "with_coauthors", "caption", "location", "like_count", "comment_count",
        "play_count", "variant", "shortcode", "id", "post_created_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Post]:
        media = PostMedia.objects.filter(removed_at=None).select_related(*FILES)
        rows: QuerySet[Post] = super().get_queryset(request)
        return (
            rows.select_related("user")
            .defer("raw_data", "search_grams", "user__raw_data", "user__search_grams")
            .prefetch_related(
                Prefetch("media", media, to_attr="current_media"),
                Prefetch("coauthors", User.objects.only("username")),
            )
        )

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        facts = ("user", "variant", "said", "availability", "sort_time")
        return (Pictures(request, _first_of_post, 56), "id", *facts)

    def get_fieldsets(self, request: HttpRequest, obj: Post | None = None) -> Any:  # noqa: ARG002  Django's signature
        """Shows the content first; times of observation and the raw payload are in tabs."""
        return [
            (None, {"fields": ["is_flagged", _gallery(request), *self.content]}),
            ("Observed", {"fields": OBSERVED, "classes": ["tab"]}),
            ("Raw answer", {"fields": ["raw_data"], "classes": ["tab"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Post | None = None) -> Any:  # noqa: ARG002  Django's signature
        return (_gallery(request), *self.content, *OBSERVED, "raw_data")

    @admin.display(description="Caption")
    def said(self, post: Post) -> str | None:
        """The start of the caption; None if it is unknown."""
        return None if post.caption is None else truncatechars(post.caption, 60)

    @admin.display(description="Coauthors")
    def with_coauthors(self, post: Post) -> str:
        return ", ".join(user.username for user in post.coauthors.all()) or "none"


def _gallery(request: HttpRequest) -> Pictures:
    return Pictures(request, _all_of_post, 240, "Media")


def _all_of_post(post: Any) -> list[StoredFile | None]:
    return [files.thumbnail(medium) for medium in post.current_media]


def _first_of_post(post: Any) -> list[StoredFile | None]:
    return _all_of_post(post)[:1]
