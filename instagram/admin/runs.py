"""The admin of archive runs."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from core.admin.bases import KeptInline, ReadOnlyAdmin
from core.admin.filters import DayRangeFilter
from instagram import actions
from instagram.admin.owners import OfProfileSearch
from instagram.archiving import progress
from instagram.models import ArchiveRun, RejectedItem, RunStream

COLOURS = {
    ArchiveRun.State.QUEUED: "info",
    ArchiveRun.State.RUNNING: "warning",
    ArchiveRun.State.SUCCEEDED: "success",
    ArchiveRun.State.FAILED: "danger",
}


class StreamInline(KeptInline):
    model = RunStream
    fields = readonly_fields = (
        "name", "state", "pages", "seen", "new", "changed", "rejected", "error_code", "error",
        "finished_at",
    )  # fmt: skip


@admin.register(ArchiveRun)
class ArchiveRunAdmin(OfProfileSearch, ReadOnlyAdmin):
    list_display = (
        "user", "coloured_state", "streams_seen", "calls", "requested_by", "created_at", "took",
    )  # fmt: skip
    list_filter = ("state", ("user", AutocompleteSelectFilter), ("created_at", DayRangeFilter))
    sortable_by = ("created_at",)
    ordering = ("-created_at", "-id")
    inlines = (StreamInline,)
    fields = (
        "user", "coloured_state", "waits_for", "requested_by", "is_scheduled", "attempts",
        "next_attempt_at", "leased_until", "calls", "created_at", "started_at", "finished_at",
    )  # fmt: skip
    readonly_fields = ("coloured_state",)
    change_form_before_template = "instagram/admin/run_files.html"
    actions = ("try_now",)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """The permission to change runs, which no other page uses."""
        return request.user.has_perm("instagram.change_archiverun")

    @admin.action(description="Try now: end the pauses", permissions=["retry"])
    def try_now(self, request: HttpRequest, queryset: QuerySet[ArchiveRun]) -> None:
        """Ends the pauses of runs that wait for another attempt."""
        count = actions.try_now(queryset)
        self.message_user(request, f"{count} runs wait no longer.", messages.SUCCESS)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ArchiveRun]:
        rows: QuerySet[ArchiveRun] = super().get_queryset(request)
        return (
            rows.select_related("user", "requested_by")
            .defer("user__raw_data", "user__search_grams")
            .prefetch_related("streams")
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], **options: Any
    ) -> HttpResponse:
        # Not a read-only field: unfold evaluates each of them three times, and counting the files
        # of a large profile is slow.
        counted = progress.of_run(options["obj"])
        failed = f", {counted.files_failed} failed" if counted.files_failed else ""
        size = filesizeformat(counted.bytes_stored)
        context["files"] = (
            f"{counted.files_stored} of {counted.files_wanted} stored{failed}, {size}"
        )
        page: HttpResponse = super().render_change_form(request, context, **options)
        return page

    @display(description="State", label=COLOURS)
    def coloured_state(self, run: ArchiveRun) -> str:
        return run.state

    @admin.display(description="Seen")
    def streams_seen(self, run: ArchiveRun) -> str:
        return ", ".join(
            f"{stream.name} {stream.error_code or stream.seen}" for stream in run.streams.all()
        )

    @admin.display(description="Took")
    def took(self, run: ArchiveRun) -> str | None:
        """The duration of the run; None while it is active."""
        if run.finished_at is None or run.started_at is None:
            return None
        return str(run.finished_at - run.started_at).partition(".")[0]


@admin.register(RejectedItem)
class RejectedItemAdmin(ReadOnlyAdmin):
    """Items that no parser could read, kept until one can."""

    list_display = ("path", "error", "profile", "created_at")
    list_filter: ClassVar[tuple[Any, ...]] = (("created_at", DayRangeFilter),)
    search_fields = ("path", "error")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[RejectedItem]:
        """Selects the profiles; the list defers the items themselves."""
        rows: QuerySet[RejectedItem] = super().get_queryset(request)
        profile = [f"stream__run__user__{name}" for name in ("raw_data", "search_grams")]
        return rows.select_related("stream__run__user").defer("raw", "stream__visited", *profile)

    @admin.display(description="Profile")
    def profile(self, item: RejectedItem) -> str:
        """The profile on whose page the item was."""
        return item.stream.run.user.username
