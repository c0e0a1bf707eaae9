"""What our pages may load and run. docs/security.md gives the reasons."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

HEADER = "Content-Security-Policy"


def policy(**directives: str) -> str:
    """A policy of these directives, which forbids everything else."""
    base = {"default_src": "'none'", "base_uri": "'none'", "frame_ancestors": "'none'"}
    return "; ".join(
        f"{name.replace('_', '-')} {value}" for name, value in (base | directives).items()
    )


PAGES = policy(style_src="'self'", img_src="'self'", form_action="'self'")
"""Our own pages have no script. Answers of the API are no pages, and may load nothing either."""

DOCUMENTATION = policy(
    script_src="'self'",
    style_src="'self'",
    img_src="'self' data:",
    connect_src="'self'",
    form_action="'none'",
)
"""Swagger UI, from files of our own."""

ADMIN = policy(
    # Alpine, which Unfold is built on, evaluates the expressions in its attributes.
    script_src="'self' 'unsafe-eval'",
    # Unfold and Alpine write `style` attributes.
    style_src="'self' 'unsafe-inline'",
    img_src="'self' data:",
    media_src="'self'",
    font_src="'self'",
    connect_src="'self'",
    form_action="'self'",
)
"""The admin. No script is allowed in the text of a page, so none that a caption smuggles in."""

PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in ("camera", "geolocation", "microphone", "payment", "usb", "interest-cohort")
)


class SecurityHeadersMiddleware:
    """Sets the policies of an answer that has none of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.admin = f"/{settings.ADMIN_PATH}"

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.setdefault(HEADER, ADMIN if request.path.startswith(self.admin) else PAGES)
        response.setdefault("Permissions-Policy", PERMISSIONS)
        return response
