"""Accounts."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from authentication import registration, tokens
from authentication.admin.rights import SparesStaff
from core.users.models import Account
from settings import current


@admin.register(Account)
class AccountAdmin(UserAdmin, SparesStaff):  # type: ignore[type-arg]  # generic in the stubs only
    account_path = ""
    rights = ("is_staff", "is_superuser", "groups", "user_permissions")
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "name", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")
    actions = ("end_sessions",)
    search_fields = ("email", "name")
    ordering = ("email",)
    readonly_fields = ("date_joined", "last_login")
    fieldsets = (
        (None, {"fields": ("email", "password", "name", "photo_url")}),
        (
            "Rights",
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        ("Times", {"fields": ("date_joined", "last_login")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "password1", "password2"), "classes": ("wide",)}),)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """The field of a form. An address that is typed without a scheme is one of https."""
        if isinstance(db_field, models.URLField):
            options["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **options)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001  Django's signature
        super().save_related(request, form, formsets, change)
        if not change:
            registration.give_role(form.instance, current.access().default_role)

    @admin.action(description="Sign out everywhere", permissions=["change"])
    def end_sessions(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        """End all sessions of the selected accounts. Their API keys stay."""
        for account in accounts:
            tokens.end_all(account)
        self.message_user(request, f"{len(accounts)} accounts were signed out everywhere.")
