"""The account that signed in."""

from __future__ import annotations

from django.contrib.auth import logout, update_session_auth_hash
from django.http import HttpRequest
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.authentication import SessionAuthentication
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet
from rest_framework_simplejwt.tokens import Token

from authentication import actions, attempts, mails, tokens
from authentication.serializers import (
    AccountSerializer,
    ChangeEmailSerializer,
    ChangePasswordSerializer,
    DetailSerializer,
    FlagsSerializer,
    OwnAccountSerializer,
    PasswordSerializer,
    TokenPairSerializer,
)
from authentication.views.base import REFUSED
from authentication.views.passwords import mailed
from core import flags
from core.api.errors import REFUSALS
from core.api.fields import valid
from core.api.permissions import HasSession, signed_in
from core.api.throttles import LoginThrottle
from core.users.models import Account

REFUSALS[actions.LastSuperuser] = lambda _: PermissionDenied(
    "This is the last account that can manage the archive."
)


class AccountViewSet(ViewSet):
    """The account of an access token, a key or a cookie."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(responses={200: AccountSerializer, 401: REFUSED})
    @action(detail=False)
    def me(self, request: Request) -> Response:
        """Who is signed in."""
        return Response(AccountSerializer(signed_in(request)).data)

    @extend_schema(request=OwnAccountSerializer, responses=OwnAccountSerializer)
    @me.mapping.patch
    def change_me(self, request: Request) -> Response:
        """Change the name or the picture of the account that signed in."""
        account = signed_in(request)
        actions.change_profile(
            account, **valid(OwnAccountSerializer(account, data=request.data, partial=True))
        )
        return Response(OwnAccountSerializer(account).data)

    @extend_schema(responses=FlagsSerializer)
    @action(detail=False, permission_classes=(AllowAny,))
    def flags(self, request: Request) -> Response:
        """The feature flags that are active for the account, or for a stranger."""
        return Response({"active": sorted(flags.active(request.user))})

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


class OwnPasswordThrottle(LoginThrottle):
    """Attempts at the password of the account that is signed in. Its login shares the counter."""

    def account(self, request: Request | HttpRequest) -> str:
        return str(request.user.get_username())


class OwnAccountViewSet(ViewSet):
    """What a person changes about their account. Each change asks for the password again."""

    permission_classes = (HasSession,)
    throttle_classes = (OwnPasswordThrottle,)

    @extend_schema(request=ChangePasswordSerializer, responses={200: TokenPairSerializer})
    @action(detail=False, methods=["post"], url_path="change-password")
    def change_password(self, request: Request) -> Response:
        """Change the password. All other sessions end."""
        given = valid(ChangePasswordSerializer(data=request.data))
        account = self._confirmed(request, given["password"])
        pair = actions.change_password(
            account, password=given["new_password"], origin=mails.origin_of(request)
        )
        if isinstance(request.successful_authenticator, SessionAuthentication):
            update_session_auth_hash(request, account)  # the cookie session of the request goes on
        return Response(pair)

    @extend_schema(request=ChangeEmailSerializer, responses={202: DetailSerializer})
    @action(detail=False, methods=["post"], url_path="change-email")
    def change_email(self, request: Request) -> Response:
        """Ask for another address. A mail to it confirms the change."""
        given = valid(ChangeEmailSerializer(data=request.data))
        account = self._confirmed(request, given["password"])
        actions.request_email(account, email=given["email"], origin=mails.origin_of(request))
        return mailed(given["email"])

    @extend_schema(request=PasswordSerializer, responses={204: None})
    @action(detail=False, methods=["post"])
    def deactivate(self, request: Request) -> Response:
        """End the use of the account. Only staff can activate it again."""
        given = valid(PasswordSerializer(data=request.data))
        actions.deactivate(self._confirmed(request, given["password"]))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=PasswordSerializer, responses={204: None})
    @action(detail=False, methods=["post"], url_path="delete-account")
    def delete_account(self, request: Request) -> Response:
        """Delete the account. What it added to the archive stays."""
        given = valid(PasswordSerializer(data=request.data))
        actions.delete(self._confirmed(request, given["password"]))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _confirmed(self, request: Request, password: str) -> Account:
        account = signed_in(request)
        with attempts.logged(request, account.email):
            return actions.confirmed(account, password)
