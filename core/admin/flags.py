"""Feature flags: staff switches them. The program declares them."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from core.models import FeatureFlag


@admin.register(FeatureFlag)
class FeatureFlagAdmin(ModelAdmin):
    list_display = ("name", "description", "is_on_for_all")
    fields = ("name", "description", "is_on_for_all", "roles", "accounts")
    readonly_fields = ("name", "description")
    filter_horizontal = ("roles",)
    autocomplete_fields = ("accounts",)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002  Django's signature
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002  Django's signature
        return False
