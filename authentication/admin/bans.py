"""Bans: staff makes and lifts them, and cannot edit or delete them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from authentication import bans
from authentication.models import Ban
from core.admin.bases import staff_of
from core.users.models import Account


class BanForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """Refuses a ban that is not allowed before it is saved."""

    by: Account

    class Meta:
        model = Ban
        fields = ("account", "reason", "ends_at")

    def clean(self) -> dict[str, Any]:
        """Check the ban. Its refusal stands above the form."""
        cleaned = super().clean() or self.cleaned_data
        if "account" in cleaned and "ends_at" in cleaned:
            try:
                bans.check(cleaned["account"], ends_at=cleaned["ends_at"], by=self.by)
            except bans.BanRefused as error:
                raise forms.ValidationError(str(error)) from error
        return cleaned


@admin.register(Ban)
class BanAdmin(ModelAdmin):
    form = BanForm
    list_display = ("account", "reason", "starts_at", "ends_at", "lifted_at", "banned_by")
    search_fields = ("account__email", "reason")
    autocomplete_fields = ("account",)
    actions = ("lift",)

    def get_form(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        form = super().get_form(request, obj, **options)
        form.by = staff_of(request)
        return form

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the list's action is allowed. A ban itself is never edited."""
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002  Django's signature
        return False

    def save_model(self, request: HttpRequest, obj: Ban, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001  Django's signature
        made = bans.ban(obj.account, reason=obj.reason, ends_at=obj.ends_at, by=form.by)
        obj.pk = made.pk

    @admin.action(description="Lift the selected bans", permissions=["change"])
    def lift(self, request: HttpRequest, selected: QuerySet[Ban]) -> None:
        """Lift those bans that are in force."""
        count = bans.lift(selected, by=staff_of(request))
        self.message_user(request, f"{count} bans were lifted.")
