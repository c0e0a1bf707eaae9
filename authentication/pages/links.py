"""The pages that the links of mails lead to."""

from __future__ import annotations

from typing import Any

from authentication import actions, links, mails, registration
from authentication.pages import forms
from authentication.pages.base import LinkPage


class VerifyEmailPage(LinkPage):
    """Confirms a registration."""

    title = "Confirm your e-mail address"
    text = "Your account is made when you press the button."
    button = "Make my account"
    form_class = forms.TokenForm
    find = staticmethod(links.pending_of)

    def act(self, given: dict[str, Any]) -> str:  # noqa: ARG002  the form has no fields
        account = registration.confirm(self.token)
        return f"The account of {account.email} is ready. You can sign in."


class AcceptInvitationPage(LinkPage):
    """Makes the account of an invited person."""

    title = "Accept your invitation"
    button = "Make my account"
    form_class = forms.InvitedForm
    find = staticmethod(links.invitation_of)

    def act(self, given: dict[str, Any]) -> str:
        account = registration.accept(self.token, **given)
        return f"The account of {account.email} is ready. You can sign in."


class SetPasswordPage(LinkPage):
    """Sets a new password for a lost one."""

    title = "Set a new password"
    text = "All sessions of your account end, and its API keys are revoked."
    button = "Set the password"
    form_class = forms.NewPasswordForm
    find = staticmethod(links.account_to_reset)

    def act(self, given: dict[str, Any]) -> str:
        actions.reset_password(self.token, **given, origin=mails.origin_of(self.request))
        return "The password is set. You can sign in."


class ConfirmEmailPage(LinkPage):
    """Gives an account its new address."""

    title = "Confirm your new e-mail address"
    text = "From then on you sign in with this address."
    button = "Change the address"
    form_class = forms.TokenForm
    find = staticmethod(links.change_of_email)

    def act(self, given: dict[str, Any]) -> str:  # noqa: ARG002  the form has no fields
        account = actions.change_email(self.token, origin=mails.origin_of(self.request))
        return f"Your account has the address {account.email} now."
