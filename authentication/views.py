"""Sign-in with e-mail and password. Sessions are JSON Web Tokens."""

from __future__ import annotations

from typing import NoReturn

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, ValidationError
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.viewsets import ViewSet

from authentication import actions, attempts, tokens
from authentication.serializers import (
    AccountSerializer,
    DetailSerializer,
    LoginSerializer,
    RefreshSerializer,
    RegistrationSerializer,
    TokenPairSerializer,
)
from core.api.errors import REFUSALS
from core.api.fields import valid
from core.api.permissions import signed_in
from core.api.throttles import AddressThrottle, LoginThrottle
from settings import current

REFUSED = OpenApiResponse(DetailSerializer, description="Refused, without saying why.")

REFUSALS[actions.WeakPassword] = lambda error: ValidationError({"password": error.messages})
REFUSALS[actions.AddressRefused] = lambda _: ValidationError(
    {"email": ["This address cannot be registered."]}
)


class SignedOutViewSet(ViewSet):
    """Views without authentication."""

    # An expired token in the header must not refuse a login or a refresh.
    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get_authenticate_header(self, _request: Request) -> str:
        """Return a challenge. Without one, Django REST framework turns every 401 into a 403."""
        return "Bearer"


class PasswordViewSet(SignedOutViewSet):
    """Views that take a password. Attempts are limited, and refused ones are logged."""

    throttle_classes: tuple[type[BaseThrottle], ...] = (AddressThrottle,)

    def throttled(self, request: Request, wait: float) -> NoReturn:
        """Log the refused attempt. Raises Throttled."""
        account = LoginThrottle().account(request)
        attempts.log_refused(request, account, reason="throttled")
        super().throttled(request, wait)

    @extend_schema(request=LoginSerializer, responses={200: TokenPairSerializer, 401: REFUSED})
    @action(detail=False, methods=["post"], throttle_classes=(AddressThrottle, LoginThrottle))
    def login(self, request: Request) -> Response:
        """Exchange an e-mail address and its password for a pair of tokens."""
        given = valid(LoginSerializer(data=request.data))
        try:
            return Response(actions.log_in(**given))
        except AuthenticationFailed:
            attempts.log_refused(request, given["email"], reason="wrong")
            raise

    @extend_schema(
        request=RegistrationSerializer,
        responses={
            201: AccountSerializer,
            403: OpenApiResponse(DetailSerializer, description="Registration is closed."),
        },
    )
    @action(detail=False, methods=["post"])
    def register(self, request: Request) -> Response:
        """Make an account, where an admin has opened registration."""
        if not current.access().registration_open:
            raise PermissionDenied("Registration is closed.")
        account = actions.register(**valid(RegistrationSerializer(data=request.data)))
        return Response(AccountSerializer(account).data, status=status.HTTP_201_CREATED)


class SessionViewSet(SignedOutViewSet):
    """Keeping a session."""

    @extend_schema(request=RefreshSerializer, responses={200: TokenPairSerializer, 401: REFUSED})
    @action(detail=False, methods=["post"])
    def refresh(self, request: Request) -> Response:
        """Exchange a refresh token for a new pair; each is good for one use."""
        given = valid(RefreshSerializer(data=request.data))
        return Response(tokens.rotate(given["refresh"]))


class AccountViewSet(ViewSet):
    """The account of an access token."""

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
