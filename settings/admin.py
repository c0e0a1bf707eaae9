"""The singletons in the admin; secrets are write-only there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from solo.admin import SingletonModelAdmin
from unfold.admin import ModelAdmin

from settings.models import AccessSetting, ArchivingSetting, CoreAPISetting


class CoreAPISettingForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """Asks for the token again when the address changes."""

    def clean(self) -> dict[str, Any]:
        """Refuse to send a stored token to a new host: whoever may edit must not learn it."""
        cleaned = super().clean() or self.cleaned_data
        keeps_token = self.instance.token and cleaned.get("token") is None
        if "base_url" in self.changed_data and keeps_token:
            self.add_error("token", "The stored token belongs to the former address; enter it.")
        return cleaned


@admin.register(CoreAPISetting)
class CoreAPISettingAdmin(SingletonModelAdmin, ModelAdmin):
    """How the Core API is reached."""

    form = CoreAPISettingForm
    readonly_fields = ("stored_token",)
    fields = ("base_url", "stored_token", "token", "timeout_seconds")

    @admin.display(description="Stored token", boolean=True)
    def stored_token(self, setting: CoreAPISetting) -> bool:
        """Whether a token is stored here."""
        return bool(setting.token)


@admin.register(ArchivingSetting)
class ArchivingSettingAdmin(SingletonModelAdmin, ModelAdmin):
    """Limits of downloads and of the API log."""


@admin.register(AccessSetting)
class AccessSettingAdmin(SingletonModelAdmin, ModelAdmin):
    """Who may register and read."""
