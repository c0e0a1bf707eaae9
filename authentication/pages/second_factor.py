"""The pages of the second factor."""

from __future__ import annotations

from typing import Any

import segno
from django.conf import settings
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import RedirectURLMixin
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.safestring import mark_safe

from authentication import actions, second_factor
from authentication.pages import forms
from authentication.pages.base import FormPage
from core.users.models import Account


class CodePage(RedirectURLMixin, FormPage):
    """The second step of signing in."""

    title = "Enter your code"
    text = "Your authenticator app shows it. A recovery code is as good, once."
    button = "Sign in"
    form_class = forms.CodeForm
    next_page = "docs"

    def dispatch(self, request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponseBase:
        account = second_factor.waiting(request)
        if account is None:
            return redirect("sign-in")
        self.account = account
        return super().dispatch(request, *arguments, **options)

    def typed_account(self) -> str:
        return self.account.email

    def done(self, _sentence: str) -> HttpResponse:
        return HttpResponseRedirect(self.get_success_url())

    def act(self, given: dict[str, Any]) -> str:
        vars(self.account)["backend"] = settings.AUTHENTICATION_BACKENDS[0]
        actions.pass_second_factor(self.request, self.account, code=given["code"])
        return ""


class SetUpPage(LoginRequiredMixin, FormPage):
    """Turns the second factor on, or shows that it is."""

    login_url = reverse_lazy("sign-in")
    template_name = "authentication/second_factor.html"
    title = "Second factor"
    form_class = forms.CodeForm

    @property
    def account(self) -> Account:
        account = self.request.user
        assert isinstance(account, Account)  # noqa: S101  as the mixin has checked
        return account

    def typed_account(self) -> str:
        return self.account.email

    def get_context_data(self, **options: Any) -> dict[str, Any]:
        context = super().get_context_data(**options)
        if second_factor.is_on(self.account):
            left = second_factor.recovery_codes_left(self.account)
            return {**context, "is_on": True, "left": left}
        address = second_factor.begin(self.account)
        picture = segno.make(address, error="m").svg_inline(scale=5, omitsize=False)
        secret = address.partition("secret=")[2].partition("&")[0]
        return {**context, "picture": mark_safe(picture), "secret": secret}  # noqa: S308  made of black squares

    def act(self, given: dict[str, Any]) -> str:
        account = self.account
        if not second_factor.is_on(account):
            self.codes = second_factor.confirm(account, given["code"])
            second_factor.note(self.request)
            return "The second factor is on. Keep these codes for the day you lose the app."
        second_factor.check(account, given["code"])
        if self.request.POST.get("action") == "remove":
            second_factor.remove(account)
            return "The second factor is off."
        self.codes = second_factor.renew_recovery_codes(account)
        return "These codes replace the former ones."

    def done(self, sentence: str) -> HttpResponse:
        context = FormPage.get_context_data(self, form=None, done=sentence)
        return self.render_to_response({**context, "codes": getattr(self, "codes", ())})
