"""API keys: staff sees whose they are, and revokes them."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from authentication import keys
from authentication.models import ApiKey
from core.admin.bases import ReadOnlyAdmin, staff_of


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = (
        "name", "prefix", "account", "scopes",
        "created_at", "expires_at", "last_used_at", "revoked_at",
    )  # fmt: skip
    fields = list_display
    search_fields = ("name", "prefix", "account__email")
    list_select_related = ("account",)
    actions = ("revoke",)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whether the account may change keys, which here means to revoke them."""
        return request.user.has_perm("authentication.change_apikey")

    @admin.action(description="Revoke the selected keys", permissions=["revoke"])
    def revoke(self, request: HttpRequest, selected: QuerySet[ApiKey]) -> None:
        """Revoke the keys that are still valid."""
        count = keys.revoke(selected, by=staff_of(request))
        self.message_user(request, f"{count} keys were revoked.")
