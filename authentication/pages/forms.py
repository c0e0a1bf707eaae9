"""The forms of the pages."""

from __future__ import annotations

from django import forms

from authentication.serializers import MAX_PASSWORD_LENGTH
from core.users.addresses import validate_ascii


class TokenForm(forms.Form):
    """Nothing but a button: the token stands in the address of the page."""


class EmailForm(forms.Form):
    """An e-mail address."""

    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        validators=[validate_ascii],
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )


class SignInForm(EmailForm):
    """What an account proves itself with."""

    password = forms.CharField(
        max_length=MAX_PASSWORD_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class NewPasswordForm(forms.Form):
    """A new password."""

    password = forms.CharField(
        label="New password",
        max_length=MAX_PASSWORD_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class InvitedForm(NewPasswordForm):
    """What an invited person adds to the invitation."""

    name = forms.CharField(max_length=150, required=False)

    field_order = ["name", "password"]  # noqa: RUF012  Django declares it for the instance


class RegistrationForm(InvitedForm, EmailForm):
    """What a new account is made of."""

    field_order = ["email", "name", "password"]  # noqa: RUF012  the same


class CodeForm(forms.Form):
    """A code of an authenticator app, or a recovery code."""

    code = forms.CharField(
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True}),
    )
