"""Invitations, and the Google users that sign in to accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from authentication import mails, registration, second_factor
from authentication.admin.rights import SparesStaff, has_all_rights
from authentication.models import GoogleIdentity, Invitation, SecondFactor
from core.admin.bases import staff_of
from core.users.addresses import normalised, validate_ascii
from core.users.models import Account


class InvitationForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """Refuses an address that has an account."""

    class Meta:
        model = Invitation
        fields = ("email", "role")

    def clean_email(self) -> str:
        """The address in lower case."""
        email: str = normalised(self.cleaned_data["email"])
        validate_ascii(email)
        if Account.objects.filter(email__lower=email).exists():
            raise forms.ValidationError("This address has an account already.")
        return email


@admin.register(Invitation)
class InvitationAdmin(ModelAdmin):
    """Saving an invitation mails it. It is never edited: a changed one is another one."""

    form = InvitationForm
    list_display = ("email", "role", "invited_by", "created_at", "accepted_at")
    list_select_related = ("role", "invited_by")
    search_fields = ("email",)
    actions = ("send_again",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[Any]:
        # Staff could otherwise invite itself with more rights than it has.
        return super().get_readonly_fields(request, obj) if has_all_rights(request) else ("role",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the list's action is allowed."""
        return obj is None and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001  Django's signature
        obj.invited_by = staff_of(request)
        registration.invite(obj, origin=mails.origin_of(request))

    @admin.action(description="Send the mail again", permissions=["change"])
    def send_again(self, request: HttpRequest, selected: QuerySet[Invitation]) -> None:
        """Mail those of the selected invitations that can still be accepted."""
        waiting = [*Invitation.objects.open().filter(pk__in=selected.values("pk"))]
        with transaction.atomic():
            for invitation in waiting:
                registration.invite(invitation, origin=mails.origin_of(request))
        self.message_user(request, f"{len(waiting)} invitations are on their way.")


class OnlyDeleted(SparesStaff):
    """Rows that people make for their own account, and that staff can only take away."""

    list_select_related = ("account",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002  Django's signature
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002  Django's signature
        return False


@admin.register(SecondFactor)
class SecondFactorAdmin(OnlyDeleted):
    """Deleting one lets an account in whose app and recovery codes are lost."""

    list_display = fields = ("account", "created_at", "confirmed_at")
    search_fields = ("account__email",)

    def delete_model(self, request: HttpRequest, obj: SecondFactor) -> None:  # noqa: ARG002  Django's signature
        second_factor.remove(obj.account)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[SecondFactor]) -> None:
        for factor in queryset.select_related("account"):
            self.delete_model(request, factor)


@admin.register(GoogleIdentity)
class GoogleIdentityAdmin(OnlyDeleted):
    """Deleting one unlinks the Google user. The account stays."""

    list_display = ("account", "project", "uid", "linked_at")
    search_fields = ("account__email", "uid")
