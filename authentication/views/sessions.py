"""Keeping a session."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.middleware.csrf import get_token
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from authentication import actions, attempts, tokens
from authentication.serializers import (
    CookieSessionSerializer,
    RefreshSerializer,
    SignInSerializer,
    TokenPairSerializer,
)
from authentication.views.base import REFUSED, GuessableViewSet, SignedOutViewSet
from core.api.fields import valid
from core.api.throttles import LoginThrottle
from core.users.models import Account


class CookieSessionViewSet(GuessableViewSet):
    """The cookie session of pages of our own origin."""

    authentication_classes = (SessionAuthentication,)
    throttle_classes = (LoginThrottle,)

    @extend_schema(responses=CookieSessionSerializer)
    def list(self, request: Request) -> Response:
        """Who is signed in, and the token that `X-CSRFToken` of a POST must carry."""
        return _session(request, request.user)

    @extend_schema(request=SignInSerializer, responses={200: CookieSessionSerializer, 401: REFUSED})
    def create(self, request: Request) -> Response:
        """Start a cookie session. The request must carry `X-CSRFToken`, which changes with it."""
        SessionAuthentication().enforce_csrf(request)
        given = valid(SignInSerializer(data=request.data))
        own = request._request  # noqa: SLF001  the documented way to Django's own request
        with attempts.logged(request, given["email"]):
            account = actions.sign_in(own, **given)
        return _session(request, account)


def _session(request: Request, user: Account | AnonymousUser) -> Response:
    account = user if isinstance(user, Account) else None
    token = get_token(request._request)  # noqa: SLF001  the documented way to Django's own request
    shown = CookieSessionSerializer({"csrf_token": token, "account": account})
    return Response(shown.data, headers={"Cache-Control": "no-store"})


class SessionViewSet(SignedOutViewSet):
    """Keeping a session."""

    @extend_schema(request=RefreshSerializer, responses={200: TokenPairSerializer, 401: REFUSED})
    @action(detail=False, methods=["post"])
    def refresh(self, request: Request) -> Response:
        """Exchange a refresh token for a new pair; each is good for one use."""
        given = valid(RefreshSerializer(data=request.data))
        return Response(tokens.rotate(given["refresh"]))
