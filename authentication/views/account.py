"""The account that signed in."""

from __future__ import annotations

from django.contrib.auth import logout
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet
from rest_framework_simplejwt.tokens import Token

from authentication import tokens
from authentication.serializers import AccountSerializer, DetailSerializer
from authentication.views.base import REFUSED
from core.api.permissions import HasSession, signed_in


class AccountViewSet(ViewSet):
    """The account of an access token, a key or a cookie."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(responses={200: AccountSerializer, 401: REFUSED})
    @action(detail=False)
    def me(self, request: Request) -> Response:
        """Who is signed in."""
        return Response(AccountSerializer(signed_in(request)).data)

    @extend_schema(request=None, responses={200: DetailSerializer, 401: REFUSED})
    @action(detail=False, methods=["post"])
    def validate(self, _request: Request) -> Response:
        """Whether the access token in the header is good."""
        return Response({"detail": "Token is valid"})

    @extend_schema(request=None, responses={204: None, 401: REFUSED})
    @action(detail=False, methods=["post"], url_path="sign-out", permission_classes=(HasSession,))
    def sign_out(self, request: Request) -> Response:
        """End this session, with its access token and its refresh token."""
        if isinstance(request.auth, Token):
            tokens.end(request.auth)
        else:
            logout(request._request)  # noqa: SLF001  the documented way to Django's own request
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses={204: None, 401: REFUSED})
    @action(
        detail=False,
        methods=["post"],
        url_path="sign-out-everywhere",
        permission_classes=(HasSession,),
    )
    def sign_out_everywhere(self, request: Request) -> Response:
        """End all sessions of the account. Its API keys stay."""
        tokens.end_all(signed_in(request))
        return Response(status=status.HTTP_204_NO_CONTENT)
