"""The API log in the admin: for reading only."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from api_logs.models import APIRequestLog
from core.admin.bases import ReadOnlyAdmin


@admin.register(APIRequestLog)
class APIRequestLogAdmin(ReadOnlyAdmin):
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
    # Endpoint and error are searched for: a filter by them would read the whole table for its list.
    list_filter = ("state", "started_at")
    search_fields = (
        "=endpoint",
        "=target",
        "=error_code",
        "=batch",
        "=request_id",
        "=provider_request_id",
    )
    search_help_text = "The whole endpoint, target, error, batch or request id"
    ordering = ("-started_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[APIRequestLog]:
        """Lists do without the bodies, which are most of the table."""
        rows: QuerySet[APIRequestLog] = super().get_queryset(request)
        return rows.defer("response_body")
