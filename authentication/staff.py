"""The admin site. Its sign-in is that of our pages, and its password form has their limits."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.sites import UnfoldAdminSite

from authentication import attempts, second_factor
from core.users.models import Account
from settings import current


class StaffSite(UnfoldAdminSite):  # type: ignore[misc]  # has no types
    """The admin, for staff that has signed in with a second factor if the setting asks for it."""

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(super().has_permission(request)) and not _lacks_code(request)

    def login(
        self,
        request: HttpRequest,
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002  Django's signature
    ) -> HttpResponseBase:
        """Lead to the page that signs in, or that sets a second factor up, and then back."""
        following = request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index")
        if self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        page = reverse(self._page_to_sign_in(request))
        return HttpResponseRedirect(f"{page}?{urlencode({REDIRECT_FIELD_NAME: following})}")

    def _page_to_sign_in(self, request: HttpRequest) -> str:
        account = request.user
        if not (isinstance(account, Account) and super().has_permission(request)):
            return "sign-in"
        if not second_factor.is_on(account):
            return "second-factor"
        second_factor.wait_for_code(request, account)
        return "code"

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        # This form asks for the old password, so it could be used for guessing as well.
        account = request.user.get_username()
        if request.method == "POST":
            seconds = attempts.seconds_to_wait(request, account)
            if seconds is not None:
                return self._too_many(request, seconds)
        return _logged(request, account, super().password_change(request, extra_context))

    def _too_many(self, request: HttpRequest, seconds: int) -> TemplateResponse:
        return TemplateResponse(
            request,
            "authentication/too_many_attempts.html",
            {**self.each_context(request), "title": "Too many attempts", "seconds": seconds},
            status=429,
            headers={"Retry-After": str(seconds)},
        )


def _lacks_code(request: HttpRequest) -> bool:
    """Whether the setting wants a second factor, and this session began without.

    1 statement per request.
    """
    kept = vars(request)
    if "lacks_code" not in kept:
        wanted = not second_factor.was_used(request) and current.access().requires_second_factor
        kept["lacks_code"] = wanted
    return bool(kept["lacks_code"])


def _logged(request: HttpRequest, account: str, response: HttpResponseBase) -> HttpResponseBase:
    """Log a refused password, and return the response."""
    # Django answers a wrong password with 200 and the form's errors.
    form = (getattr(response, "context_data", None) or {}).get("form")
    if request.method == "POST" and form and "old_password" in form.errors:
        attempts.log_refused(request, account, reason="wrong")
    return response
