"""Admin pages of the log, costs, alarms and providers. Machines write them; staff reads them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from api_logs.actions import resolve, try_now
from api_logs.gate.providers import ProviderStateQuerySet
from api_logs.models import Alarm, APIRequestLog, ProviderState, Spending
from api_logs.models.alarms import AlarmQuerySet
from core.admin.bases import ReadOnlyAdmin


class ProviderFilter(admin.SimpleListFilter):
    """Filters by the providers that were ever called."""

    # The names come from the providers' states: a DISTINCT over the log would read the whole log.

    title = "provider"
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:  # noqa: ARG002  Django's signature
        names = ProviderState.objects.order_by("provider").values_list("provider", flat=True)
        return [(name, name) for name in names]

    def queryset(
        self,
        request: HttpRequest,  # noqa: ARG002  Django's signature
        queryset: QuerySet[APIRequestLog],
    ) -> QuerySet[APIRequestLog]:
        return queryset.filter(provider=self.value()) if self.value() else queryset


@admin.register(APIRequestLog)
class APIRequestLogAdmin(ReadOnlyAdmin):
    list_display = (
        "started_at",
        "provider",
        "endpoint",
        "target",
        "state",
        "http_status",
        "error_code",
        "duration_ms",
        "price",
    )
    # Endpoint and error are search fields: a filter would read the whole table for its choices.
    list_filter = ("state", ProviderFilter, "started_at")
    search_fields = (
        "=endpoint",
        "=target",
        "=error_code",
        "=batch",
        "=request_id",
        "=provider_request_id",
    )
    search_help_text = "The whole endpoint, target, error, batch or request id"
    sortable_by = ("started_at",)
    ordering = ("-started_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[APIRequestLog]:
        # The bodies are most of the table, and lists do not show them.
        rows: QuerySet[APIRequestLog] = super().get_queryset(request)
        return rows.defer("response_body")


@admin.register(Alarm)
class AlarmAdmin(ReadOnlyAdmin):
    """Resolving an alarm lets its calls through again."""

    list_display = (
        "kind",
        "provider",
        "endpoint",
        "message",
        "occurrences",
        "first_at",
        "last_at",
        "resolved_at",
    )
    list_filter = (("resolved_at", admin.EmptyFieldListFilter), "kind")
    exclude = ("fingerprint",)
    sortable_by = None
    ordering = ("-last_at",)
    actions: ClassVar = ["try_again"]

    def has_resolve_permission(self, request: HttpRequest) -> bool:
        """Staff with the permission to change alarms, although the page has no form for it."""
        return request.user.has_perm("api_logs.change_alarm")

    @admin.action(description="Resolve, and try the calls again", permissions=["resolve"])
    def try_again(self, request: HttpRequest, queryset: AlarmQuerySet) -> None:
        count = resolve(queryset, by=request.user.get_username(), now=timezone.now())
        self.message_user(request, f"{count} alarms are resolved.", messages.SUCCESS)


@admin.register(Spending)
class SpendingAdmin(ReadOnlyAdmin):
    list_display = ("day", "calls", "spent", "soft_cap_reached_at", "hard_cap_reached_at")
    sortable_by = None
    ordering = ("-day",)


@admin.register(ProviderState)
class ProviderStateAdmin(ReadOnlyAdmin):
    list_display = ("provider", "failures", "open_until", "next_slot_at")
    sortable_by = None
    actions: ClassVar = ["try_now"]

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Staff with the permission to change providers, although the page has no form for it."""
        return request.user.has_perm("api_logs.change_providerstate")

    @admin.action(description="Try now: end pauses and breaks", permissions=["retry"])
    def try_now(self, request: HttpRequest, queryset: ProviderStateQuerySet) -> None:
        count = try_now(queryset, now=timezone.now())
        self.message_user(request, f"{count} providers are asked again.", messages.SUCCESS)


def open_alarms(request: HttpRequest) -> list[str] | None:
    """The note at the top of every admin page, for staff that may read alarms."""
    if not request.user.has_perm("api_logs.view_alarm"):
        return None
    count = Alarm.objects.open().count()
    return [f"Open alarms: {count}", "danger"] if count else None
