"""Files in the admin. The rows are read-only; staff can only ask for another attempt."""

from __future__ import annotations

from typing import ClassVar, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from core.admin.bases import ReadOnlyAdmin
from core.admin.filters import FixedChoiceFilter
from core.users.models import Account
from storage.actions import accept_losses, try_again, try_now
from storage.errors import DownloadError
from storage.formats import media_types
from storage.models import Asset, FixityEvent, Quarantined, StoredFile
from storage.serving.links import media_url

KINDS = (
    media_types.JPEG,
    media_types.PNG,
    media_types.GIF,
    media_types.WEBP,
    media_types.AVIF,
    media_types.HEIC,
    media_types.MP4,
    media_types.MOV,
    media_types.WEBM,
)
OWNER_KINDS = ("user", "post", "story", "highlight")


class ErrorFilter(FixedChoiceFilter):
    title = "error"
    parameter_name = "error_code"
    values = tuple(error.code for error in DownloadError.__subclasses__())


class OwnerFilter(FixedChoiceFilter):
    title = "owner kind"
    parameter_name = "owner_kind"
    values = OWNER_KINDS


class MediaTypeFilter(FixedChoiceFilter):
    """Filters by media type; a fixed list spares a query for the distinct ones."""

    title = "media type"
    parameter_name = "media_type"
    values = tuple(kind.media_type for kind in KINDS)


@admin.register(Asset)
class AssetAdmin(ReadOnlyAdmin):
    """The download queue. The signed URL is not shown, because it grants access to the file."""

    list_display = ("__str__", "state", "attempts", "error_code", "next_attempt_at", "stored_at")
    list_filter = ("state", ErrorFilter, OwnerFilter, "role")
    search_fields = ("owner_id",)
    search_help_text = "The whole Instagram id of the post, story, highlight or profile"
    list_select_related = ("file",)
    exclude = ("url", "lease")
    actions: ClassVar = ["try_failed_again", "try_waiting_now"]

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002  Django's signature
        queryset: QuerySet[Asset],
        search_term: str,
    ) -> tuple[QuerySet[Asset], bool]:
        """Return the files of one owner. All kinds are listed, because the index begins with it."""
        wanted = search_term.strip()
        if not wanted:
            return queryset, False
        return queryset.filter(owner_kind__in=OWNER_KINDS, owner_id=wanted), False

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Require the permission to change assets, although no page changes them."""
        return request.user.has_perm("storage.change_asset")

    @admin.action(description="Try the failed ones again", permissions=["retry"])
    def try_failed_again(self, request: HttpRequest, queryset: QuerySet[Asset]) -> None:
        count = try_again(queryset)
        self.message_user(request, f"{count} files are back in the queue.", messages.SUCCESS)

    @admin.action(description="Try the waiting ones now", permissions=["retry"])
    def try_waiting_now(self, request: HttpRequest, queryset: QuerySet[Asset]) -> None:
        count = try_now(queryset)
        self.message_user(request, f"{count} files are tried again now.", messages.SUCCESS)


@admin.register(StoredFile)
class StoredFileAdmin(ReadOnlyAdmin):
    list_display = ("sha256", "media_type", "size", "width", "height", "stored_at", "verified_at")
    list_filter = (
        MediaTypeFilter,
        ("rejected_at", admin.EmptyFieldListFilter),
        ("lost_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("sha256__exact",)
    fields = (
        "preview", "sha256", "size", "media_type", "width", "height", "duration",
        "perceptual_hash", "poster", "stored_at", "verified_at", "enriched_at",
        "enrichment_attempts", "rejected_at", "lost_at",
    )  # fmt: skip
    readonly_fields = ("preview",)

    @admin.display(description="Preview")
    def preview(self, file: StoredFile) -> str:
        """Show the image, or the poster of the video."""
        shown = file.poster if file.is_video else file
        if shown is None or shown.rejected_at is not None or shown.lost_at is not None:
            return "none"
        return format_html('<img src="{}" alt="" style="max-height: 20rem">', media_url(shown))


@admin.register(FixityEvent)
class FixityEventAdmin(ReadOnlyAdmin):
    """Damaged and lost files, and how they were repaired."""

    list_display = ("name", "kind", "found_at", "repaired_at", "repaired_by", "accepted_by")
    list_filter = ("kind", ("repaired_at", admin.EmptyFieldListFilter), "repaired_by")
    search_fields = ("=sha256",)
    list_select_related = ("accepted_by",)
    actions: ClassVar = ["accept_loss"]

    def has_accept_permission(self, request: HttpRequest) -> bool:
        """Require a separate permission, because the bytes are no longer searched for."""
        return request.user.has_perm("storage.accept_loss")

    @admin.action(description="Accept the loss", permissions=["accept"])
    def accept_loss(self, request: HttpRequest, queryset: QuerySet[FixityEvent]) -> None:
        count = accept_losses(queryset, by=cast("Account", request.user))
        self.message_user(request, f"The loss of {count} files is accepted.", messages.SUCCESS)


@admin.register(Quarantined)
class QuarantinedAdmin(ReadOnlyAdmin):
    """The facts of bytes that failed a check, and their place in the store.

    The bytes are not offered for download, because no browser should open untrusted files.
    """

    list_display = ("sha256", "reason", "size", "asset", "found_at", "error")
    list_filter = ("reason",)
    list_select_related = ("asset",)
    search_fields = ("=sha256", "=expected_sha256")
    fields = (
        "place", "reason", "sha256", "size", "expected_sha256", "asset", "error", "found_at",
    )  # fmt: skip
    readonly_fields = ("place",)

    @admin.display(description="Place in the store")
    def place(self, row: Quarantined) -> str:
        return row.name
