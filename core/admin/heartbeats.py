"""Which workers live."""

from __future__ import annotations

from django.contrib import admin

from core.admin.bases import ReadOnlyAdmin
from core.models import WorkerHeartbeat


@admin.register(WorkerHeartbeat)
class WorkerHeartbeatAdmin(ReadOnlyAdmin):
    """The last sign of life of each worker."""

    list_display = ("worker", "queues", "beaten_at")
    ordering = ("-beaten_at",)
    sortable_by = None
