"""The pages of people without a session."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.views import RedirectURLMixin
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from authentication import actions, mails, registration, second_factor
from authentication.pages import forms
from authentication.pages.base import FormPage


class SignInPage(RedirectURLMixin, FormPage):
    """Starts a cookie session, and leads to the page in `next`."""

    title = "Sign in"
    button = "Sign in"
    form_class = forms.SignInForm
    next_page = "docs"

    def typed_account(self) -> str:
        return str(self.request.POST.get("email", ""))

    @property
    def text(self) -> str:  # type: ignore[override]  # it depends on who looks
        """What a person who is signed in already has to know."""
        if self.request.user.is_authenticated:
            return "Your account may not use that page. Sign in with another one."
        return ""

    def act(self, given: dict[str, Any]) -> str:
        """Sign in, or go on to the page that asks for the code."""
        account = actions.authenticated(**given)
        self.needs_code = second_factor.is_on(account)
        if self.needs_code:
            second_factor.wait_for_code(self.request, account)
        else:
            actions.start_session(self.request, account)
        return ""

    def done(self, _sentence: str) -> HttpResponse:
        target = self.get_success_url()
        if self.needs_code:
            target = f"{reverse('code')}?{urlencode({self.redirect_field_name: target})}"
        return HttpResponseRedirect(target)


class LostPasswordPage(FormPage):
    """Asks for a mail with a link that sets a new password."""

    title = "Lost password"
    text = "We send you a link with which you set a new one."
    button = "Send the link"
    form_class = forms.EmailForm

    def act(self, given: dict[str, Any]) -> str:
        actions.request_reset(**given, origin=mails.origin_of(self.request))
        return f"If {given['email']} has an account, a mail is on its way."


class RegistrationPage(FormPage):
    """Asks for an account, where the setting allows it."""

    title = "Make an account"
    button = "Register"
    form_class = forms.RegistrationForm

    def act(self, given: dict[str, Any]) -> str:
        registration.register(**given, origin=mails.origin_of(self.request))
        return f"A mail to {given['email']} says how to go on."
