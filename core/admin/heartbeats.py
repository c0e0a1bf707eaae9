"""The admin of worker heartbeats."""

from __future__ import annotations

from django.contrib import admin

from core.admin.bases import ReadOnlyAdmin
from core.models import WorkerHeartbeat


@admin.register(WorkerHeartbeat)
class WorkerHeartbeatAdmin(ReadOnlyAdmin):
    list_display = ("worker", "queues", "beaten_at")
    ordering = ("-beaten_at",)
    sortable_by = None
