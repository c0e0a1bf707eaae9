"""Admin pages of the settings. Secrets are write-only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from solo.admin import SingletonModelAdmin
from unfold.admin import ModelAdmin

from settings.current import PRIMARY
from settings.models import AccessSetting, ArchivingSetting, CoreAPISetting, FallbackCoreAPI


class CoreAPIForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """Asks for the token again if the address changes."""

    def clean(self) -> dict[str, Any]:
        """Refuse to keep the token with a new host: an editor could send it to their own host."""
        cleaned = super().clean() or self.cleaned_data
        keeps_token = self.instance.token and cleaned.get("token") is None
        if "base_url" in self.changed_data and keeps_token:
            self.add_error("token", "The stored token belongs to the former address; enter it.")
        return cleaned


class FallbackCoreAPIForm(CoreAPIForm):
    """Reserves the name of the primary provider."""

    def clean_name(self) -> str:
        """Refuse the primary provider's name: both would share pace, breaker and alarms."""
        name: str = self.cleaned_data["name"]
        if name == PRIMARY:
            raise forms.ValidationError("The Core API of the other page has this name.")
        return name


class StoredToken:
    """Shows whether a token is stored, and nothing of it."""

    @admin.display(description="Stored token", boolean=True)
    def stored_token(self, setting: CoreAPISetting | FallbackCoreAPI) -> bool:
        return bool(setting.token)


@admin.register(CoreAPISetting)
class CoreAPISettingAdmin(StoredToken, SingletonModelAdmin, ModelAdmin):
    form = CoreAPIForm
    readonly_fields = ("stored_token",)
    fieldsets = (
        (None, {"fields": ("base_url", "stored_token", "token", "timeout_seconds")}),
        (
            "Calls and money",
            {
                "fields": ("calls_stopped", "soft_cap", "hard_cap", "requests_per_second"),
                "description": "Stop and caps hold for the fallbacks too, from the next call on.",
            },
        ),
    )


@admin.register(FallbackCoreAPI)
class FallbackCoreAPIAdmin(StoredToken, ModelAdmin):
    form = FallbackCoreAPIForm
    readonly_fields = ("stored_token",)
    list_display = ("name", "position", "is_active", "base_url", "stored_token")
    fields = (
        "name", "is_active", "position",
        "base_url", "stored_token", "token", "timeout_seconds", "requests_per_second",
    )  # fmt: skip


@admin.register(ArchivingSetting)
class ArchivingSettingAdmin(SingletonModelAdmin, ModelAdmin):
    """Limits of downloads and of the API log."""


@admin.register(AccessSetting)
class AccessSettingAdmin(SingletonModelAdmin, ModelAdmin):
    """Who may register and read."""
