"""The pages of people without a session."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.views import RedirectURLMixin
from django.forms import Form
from django.http import HttpResponse, HttpResponseRedirect
from rest_framework.exceptions import AuthenticationFailed

from authentication import actions, attempts, mails, registration
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

    def form_valid(self, form: Form) -> HttpResponse:
        try:
            with attempts.logged(self.request, form.cleaned_data["email"]):
                self.act(form.cleaned_data)
        except AuthenticationFailed as error:
            form.add_error(None, str(error.detail))
            return self.refused(form)
        return HttpResponseRedirect(self.get_success_url())

    def act(self, given: dict[str, Any]) -> str:
        actions.sign_in(self.request, **given)
        return ""


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
