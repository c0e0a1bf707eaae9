"""Addresses that clients of such systems call, and the views of ours that answer them.

docs/api.md has a table of them, and `/schema/aliases/` their OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import include, path, re_path
from rest_framework.viewsets import ViewSet

from authentication.views import (
    AccountViewSet,
    GoogleViewSet,
    PasswordViewSet,
    SessionViewSet,
    TokenLoginViewSet,
    TokenLogoutViewSet,
)
from config.api_router import archive
from core.api.errors import not_found


def view(viewset: type[ViewSet], **methods: str) -> Callable[..., Any]:
    """The view of actions of a viewset, with what their decorators have set."""
    options: dict[str, Any] = {}
    for name in methods.values():
        options |= getattr(getattr(viewset, name), "kwargs", {})
    return viewset.as_view({**methods}, **options)


urlpatterns = [
    # Token clients: one key of 10 hours
    path("api/auth/login/", view(TokenLoginViewSet, post="login")),
    path("api/auth/register/", view(PasswordViewSet, post="register")),
    path("api/auth/user/", view(AccountViewSet, get="me")),
    path("api/auth/profile/", view(AccountViewSet, get="me", patch="change_me")),
    path("api/auth/logout/", view(TokenLogoutViewSet, post="logout")),
    # JWT clients
    path("api/v1/custom/token/obtain/", view(PasswordViewSet, post="login")),
    path("api/v1/token/", view(PasswordViewSet, post="login")),
    path("api/v1/token/refresh/", view(SessionViewSet, post="refresh")),
    path("api/v1/google/login/", view(GoogleViewSet, post="login_with_google")),
    path("api/v1/users/signup/", view(PasswordViewSet, post="register")),
    path("api/v1/user/info/", view(AccountViewSet, get="me")),
    # The archive; the links of a list keep the prefix
    path("api/v1/", include((archive.urls, "aliases"))),
    re_path(r"^api/(?:auth|v1)(?:/|$)", not_found),
]
