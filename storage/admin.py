"""Files in the admin: machine-written, so to be read; staff can only ask for another attempt."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from storage import actions, links
from storage.models import Asset, AssetQuerySet, StoredFile


class MachineWrittenAdmin(ModelAdmin):
    """Rows that only the machine adds, changes and deletes."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Nobody adds one by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        """Nothing of the archive is deleted here."""
        return False


@admin.register(Asset)
class AssetAdmin(MachineWrittenAdmin):
    """The download queue. The signed URL is not shown: whoever reads it may use it."""

    list_display = ("__str__", "state", "attempts", "error_code", "next_attempt_at", "stored_at")
    list_filter = ("state", "error_code", "owner_kind", "role")
    search_fields = ("owner_id", "source_name")
    list_select_related = ("file",)
    fields = readonly_fields = (
        "owner_kind", "owner_id", "role", "source_name", "url_expires_at", "priority", "state",
        "attempts", "next_attempt_at", "leased_until", "error_code", "error", "file", "stored_at",
        "created_at", "updated_at",
    )  # fmt: skip
    actions: ClassVar = ["try_again"]

    @admin.action(description="Try the failed ones again", permissions=["change"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Asset]) -> None:
        """Put failed assets back in the queue."""
        count = actions.try_again(AssetQuerySet(query=queryset.query))
        self.message_user(request, f"{count} files are back in the queue.", messages.SUCCESS)


@admin.register(StoredFile)
class StoredFileAdmin(MachineWrittenAdmin):
    """The bytes that we have."""

    list_display = ("sha256", "media_type", "size", "width", "height", "stored_at", "rejected_at")
    list_filter = ("media_type", ("rejected_at", admin.EmptyFieldListFilter))
    search_fields = ("sha256",)
    show_full_result_count = False
    fields = readonly_fields = (
        "preview", "sha256", "size", "media_type", "width", "height", "duration",
        "perceptual_hash", "poster", "stored_at", "verified_at", "enriched_at",
        "enrichment_attempts", "rejected_at",
    )  # fmt: skip

    @admin.display(description="Preview")
    def preview(self, file: StoredFile) -> SafeString | str:
        """The image, or the poster of the video."""
        shown = file.poster if file.is_video else file
        if shown is None or shown.rejected_at is not None:
            return "none"
        return format_html(
            '<img src="{}" alt="" style="max-height: 20rem">', links.media_url(shown)
        )
