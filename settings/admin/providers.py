"""The pages of the services outside that the archive calls."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from solo.admin import SingletonModelAdmin

from settings import current, probes, service_accounts
from settings.admin.bases import ProbedAdmin
from settings.admin.probes import openai_models
from settings.current import PRIMARY
from settings.forms import SecretTextFormField
from settings.models import CoreAPISetting, FallbackCoreAPI, FirebaseAdminSetting, OpenAISetting


class AddressForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """Asks for the secret again if the address changes."""

    SECRET = "token"  # noqa: S105  the name of a field

    def clean(self) -> dict[str, Any]:
        """Refuse to keep the secret with a new host: an editor could send it to their own host."""
        cleaned = super().clean() or self.cleaned_data
        keeps_secret = getattr(self.instance, self.SECRET) and cleaned.get(self.SECRET) is None
        if "base_url" in self.changed_data and keeps_secret:
            self.add_error(self.SECRET, "The stored one belongs to the former address; enter it.")
        return cleaned


class FallbackCoreAPIForm(AddressForm):
    """Reserves the name of the primary provider."""

    def clean_name(self) -> str:
        """Refuse the primary provider's name: both would share pace, breaker and alarms."""
        name: str = self.cleaned_data["name"]
        if name == PRIMARY:
            raise forms.ValidationError("The Core API of the other page has this name.")
        return name


class OpenAIForm(AddressForm):
    SECRET = "api_key"  # noqa: S105  the name of a field


class StoredToken:
    """Shows whether a token is stored, and nothing of it."""

    @admin.display(description="Stored token", boolean=True)
    def stored_token(self, setting: CoreAPISetting | FallbackCoreAPI) -> bool:
        return bool(setting.token)


@admin.register(CoreAPISetting)
class CoreAPISettingAdmin(StoredToken, SingletonModelAdmin, ProbedAdmin):
    form = AddressForm
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

    def probe(self, request: HttpRequest) -> str:  # noqa: ARG002  of ProbedAdmin
        """Ask for the token's plan and balance."""
        return probes.registry["core_api"](current.core_api())


@admin.register(FallbackCoreAPI)
class FallbackCoreAPIAdmin(StoredToken, ProbedAdmin):
    form = FallbackCoreAPIForm
    readonly_fields = ("stored_token",)
    list_display = ("name", "position", "is_active", "base_url", "stored_token")
    fields = (
        "name", "is_active", "position",
        "base_url", "stored_token", "token", "timeout_seconds", "requests_per_second",
    )  # fmt: skip

    def probe(self, request: HttpRequest) -> str:
        """Ask for the token's plan and balance."""
        name = request.POST["name"]
        config = next((each for each in current.core_apis() if each.name == name), None)
        if config is None:
            raise probes.ProbeFailed("An inactive provider is not called; activate it first.")
        return probes.registry["core_api"](config)


@admin.register(FirebaseAdminSetting)
class FirebaseAdminSettingAdmin(SingletonModelAdmin, ProbedAdmin):
    readonly_fields = ("project",)
    fields = ("project", "service_account")

    @admin.display(description="Project")
    def project(self, _setting: FirebaseAdminSetting) -> str:
        """The project and the name of the stored service account, or why there is none."""
        config = current.firebase()
        if not config.service_account:
            return config.problem or "none"
        account = service_accounts.parse(config.service_account)
        return f"{account.project} ({account.email})"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "service_account":
            return SecretTextFormField(
                label=str(db_field.verbose_name).capitalize(), help_text=str(db_field.help_text)
            )
        return super().formfield_for_dbfield(db_field, request, **options)

    def probe(self, request: HttpRequest) -> str:  # noqa: ARG002  of ProbedAdmin
        """Ask Google for an access token of the service account."""
        return probes.registry["firebase"]()


@admin.register(OpenAISetting)
class OpenAISettingAdmin(SingletonModelAdmin, ProbedAdmin):
    form = OpenAIForm

    def probe(self, request: HttpRequest) -> str:  # noqa: ARG002  of ProbedAdmin
        """Ask for the models that the key may use."""
        return openai_models()
