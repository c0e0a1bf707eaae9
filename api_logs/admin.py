"""The API log, what it costs, and what needs staff; all of it machine-written, so to be read."""

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
    """The providers that were ever called: the log itself would be read whole for their names."""

    title = "provider"
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:  # noqa: ARG002  Django's signature
        """One choice per provider."""
        names = ProviderState.objects.order_by("provider").values_list("provider", flat=True)
        return [(name, name) for name in names]

    def queryset(
        self,
        request: HttpRequest,  # noqa: ARG002  Django's signature
        queryset: QuerySet[APIRequestLog],
    ) -> QuerySet[APIRequestLog]:
        """The calls of the chosen provider, or all."""
        return queryset.filter(provider=self.value()) if self.value() else queryset


@admin.register(APIRequestLog)
class APIRequestLogAdmin(ReadOnlyAdmin):
    """What was asked of the Core API, what came back, what it cost."""

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
    # Endpoint and error are searched for: a filter by them would read the whole table for its list.
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
        """Lists do without the bodies, which are most of the table."""
        rows: QuerySet[APIRequestLog] = super().get_queryset(request)
        return rows.defer("response_body")


@admin.register(Alarm)
class AlarmAdmin(ReadOnlyAdmin):
    """What staff must put right; resolving an alarm lets its calls through again."""

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
        """Whoever could change an alarm, if anybody could."""
        return request.user.has_perm("api_logs.change_alarm")

    @admin.action(description="Resolve, and try the calls again", permissions=["resolve"])
    def try_again(self, request: HttpRequest, queryset: AlarmQuerySet) -> None:
        """End the chosen alarms that are open."""
        count = resolve(queryset, by=request.user.get_username(), now=timezone.now())
        self.message_user(request, f"{count} alarms are resolved.", messages.SUCCESS)


@admin.register(Spending)
class SpendingAdmin(ReadOnlyAdmin):
    """What each day cost."""

    list_display = ("day", "calls", "spent", "soft_cap_reached_at", "hard_cap_reached_at")
    sortable_by = None
    ordering = ("-day",)


@admin.register(ProviderState)
class ProviderStateAdmin(ReadOnlyAdmin):
    """Which provider is asked, and which one rests."""

    list_display = ("provider", "failures", "open_until", "next_slot_at")
    sortable_by = None
    actions: ClassVar = ["try_now"]

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Whoever could change a provider's state, if anybody could."""
        return request.user.has_perm("api_logs.change_providerstate")

    @admin.action(description="Try now: end pauses and breaks", permissions=["retry"])
    def try_now(self, request: HttpRequest, queryset: ProviderStateQuerySet) -> None:
        """Let the next call to the chosen providers go out."""
        count = try_now(queryset, now=timezone.now())
        self.message_user(request, f"{count} providers are asked again.", messages.SUCCESS)


def open_alarms(request: HttpRequest) -> list[str] | None:
    """The note at the top of every page of the admin, for those who may read alarms."""
    if not request.user.has_perm("api_logs.view_alarm"):
        return None
    count = Alarm.objects.open().count()
    return [f"Open alarms: {count}", "danger"] if count else None
