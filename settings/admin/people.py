"""The pages of who may use the archive, and of how it writes to them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from solo.admin import SingletonModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget

from core.admin.bases import staff_of
from settings.admin.bases import ProbedAdmin, RecordedAdmin
from settings.admin.probes import mail_to
from settings.models import AccessSetting, MailSetting


class AccessForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """Offers the roles that exist."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        names = Group.objects.order_by("name").values_list("name", flat=True)
        choices = [("", "none"), *((name, name) for name in names)]
        self.fields["default_role"] = forms.ChoiceField(
            choices=choices,
            required=False,
            widget=UnfoldAdminSelectWidget,
            help_text=self.fields["default_role"].help_text,
        )


@admin.register(AccessSetting)
class AccessSettingAdmin(SingletonModelAdmin, RecordedAdmin):
    """Who may register and read."""

    form = AccessForm


class MailForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """Asks for the password again if the server changes."""

    def clean(self) -> dict[str, Any]:
        """Refuse to send the stored password to another server."""
        cleaned = super().clean() or self.cleaned_data
        keeps_password = self.instance.password and cleaned.get("password") is None
        if {"host", "port"} & {*self.changed_data} and keeps_password:
            self.add_error(
                "password", "The stored password belongs to the former server; enter it."
            )
        return cleaned


@admin.register(MailSetting)
class MailSettingAdmin(SingletonModelAdmin, ProbedAdmin):
    """The server that sends our mails."""

    form = MailForm

    def probe(self, request: HttpRequest) -> str:
        """Send a mail to the account that asks."""
        return mail_to(staff_of(request).email)
