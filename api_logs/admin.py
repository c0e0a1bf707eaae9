"""The API log in the admin: for reading only."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from api_logs.models import APIRequestLog


@admin.register(APIRequestLog)
class APIRequestLogAdmin(ModelAdmin):
    """What was asked of the Core API, what came back, what it cost."""

    list_display = (
        "started_at",
        "endpoint",
        "target",
        "state",
        "http_status",
        "error_code",
        "duration_ms",
        "price",
    )
    list_filter = ("state", "endpoint", "error_code", "started_at")
    search_fields = ("=target", "=batch", "=request_id", "=provider_request_id")
    search_help_text = "The whole target, batch, or request id"
    ordering = ("-started_at",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[APIRequestLog]:
        """Lists do without the bodies, which are most of the table."""
        rows: QuerySet[APIRequestLog] = super().get_queryset(request)
        return rows.defer("response_body")

    def has_add_permission(self, *_: object) -> bool:
        """Only the client writes the log."""
        return False

    def has_change_permission(self, *_: object) -> bool:
        """Nobody rewrites it."""
        return False

    def has_delete_permission(self, *_: object) -> bool:
        """Only its retention deletes it."""
        return False
