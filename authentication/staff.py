"""The admin site. Its pages that take a password have the limits of the API's login."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from unfold.sites import UnfoldAdminSite

from authentication import attempts


class StaffSite(UnfoldAdminSite):  # type: ignore[misc]  # has no types
    """The admin. It answers too many password attempts with 429 and the time to wait."""

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        account = request.POST.get("username", "")
        if refusal := self._refusal(request, account):
            return refusal
        return _logged(request, account, super().login(request, extra_context))

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        # This form asks for the old password, so it could be used for guessing as well.
        account = request.user.get_username()
        if refusal := self._refusal(request, account):
            return refusal
        return _logged(request, account, super().password_change(request, extra_context))

    def _refusal(self, request: HttpRequest, account: str) -> TemplateResponse | None:
        """Return the page that says how long to wait; None if the attempt is allowed."""
        seconds = attempts.seconds_to_wait(request, account)
        if seconds is None:
            return None
        return TemplateResponse(
            request,
            "authentication/too_many_attempts.html",
            {**self.each_context(request), "title": "Too many attempts", "seconds": seconds},
            status=429,
            headers={"Retry-After": str(seconds)},
        )


def _logged(request: HttpRequest, account: str, response: HttpResponseBase) -> HttpResponseBase:
    """Log a refused password, and return the response."""
    # Django answers a wrong password with 200 and the form's errors.
    form = (getattr(response, "context_data", None) or {}).get("form")
    if request.method == "POST" and form and {"__all__", "old_password"} & {*form.errors}:
        attempts.log_refused(request, account, reason="wrong")
    return response
