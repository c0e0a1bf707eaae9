"""Signing in with e-mail and password; sessions are JSON Web Tokens."""

from __future__ import annotations

from typing import Any, NoReturn

from django.core.exceptions import ValidationError as WeakPassword
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, ValidationError
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from authentication import actions, attempts, tokens
from authentication.serializers import (
    AccountSerializer,
    DetailSerializer,
    LoginSerializer,
    RefreshSerializer,
    RegistrationSerializer,
    TokenPairSerializer,
)
from core.api.permissions import signed_in
from core.api.throttles import AddressThrottle, LoginThrottle
from settings import current

REFUSED = OpenApiResponse(DetailSerializer, description="Refused, without saying why.")


class SignedOutView(APIView):
    """Open to everybody; an old token in the header does not matter."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get_authenticate_header(self, _request: Request) -> str:
        """Without it, Django REST framework would turn every 401 into a 403."""
        return "Bearer"


class TakesPasswords(SignedOutView):
    """A page to which passwords are sent: limited, and what is refused is logged."""

    throttle_classes: tuple[type[AddressThrottle], ...] = (AddressThrottle,)

    def throttled(self, request: Request, wait: float) -> NoReturn:
        """Log the refused attempt. Raises Throttled."""
        account = LoginThrottle().account(request)
        attempts.log_refused(request, account, reason="throttled")
        super().throttled(request, wait)


class LoginView(TakesPasswords):
    """Signing in."""

    throttle_classes = (AddressThrottle, LoginThrottle)

    @extend_schema(request=LoginSerializer, responses={200: TokenPairSerializer, 401: REFUSED})
    def post(self, request: Request) -> Response:
        """Exchange an e-mail address and its password for a pair of tokens."""
        given = _valid(LoginSerializer(data=request.data))
        try:
            return Response(actions.log_in(**given))
        except AuthenticationFailed:
            attempts.log_refused(request, given["email"], reason="wrong")
            raise


class RefreshView(SignedOutView):
    """Keeping a session."""

    @extend_schema(request=RefreshSerializer, responses={200: TokenPairSerializer, 401: REFUSED})
    def post(self, request: Request) -> Response:
        """Exchange a refresh token for a new pair; each is good for one use."""
        return Response(tokens.rotate(_valid(RefreshSerializer(data=request.data))["refresh"]))


class RegisterView(TakesPasswords):
    """Making an account."""

    @extend_schema(
        request=RegistrationSerializer,
        responses={
            201: AccountSerializer,
            403: OpenApiResponse(DetailSerializer, description="Registration is closed."),
        },
    )
    def post(self, request: Request) -> Response:
        """Make an account, where an admin has opened registration."""
        if not current.access().registration_open:
            raise PermissionDenied("Registration is closed.")
        try:
            account = actions.register(**_valid(RegistrationSerializer(data=request.data)))
        except WeakPassword as error:
            raise ValidationError({"password": error.messages}) from error
        except actions.AddressRefused as error:
            raise ValidationError({"email": ["This address cannot be registered."]}) from error
        return Response(AccountSerializer(account).data, status=status.HTTP_201_CREATED)


class ValidateView(APIView):
    """Trying a token."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(request=None, responses={200: DetailSerializer, 401: REFUSED})
    def post(self, _request: Request) -> Response:
        """Whether the access token in the header is good."""
        return Response({"detail": "Token is valid"})


class MeView(APIView):
    """The account of a token."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(responses={200: AccountSerializer, 401: REFUSED})
    def get(self, request: Request) -> Response:
        """Who is signed in."""
        return Response(AccountSerializer(signed_in(request)).data)


def _valid(serializer: Serializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
