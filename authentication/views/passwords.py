"""Sign-in and registration with e-mail and password. Sessions are JSON Web Tokens."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from authentication import actions, attempts
from authentication.serializers import (
    AccountSerializer,
    DetailSerializer,
    LoginSerializer,
    RegistrationSerializer,
    TokenPairSerializer,
)
from authentication.views.base import REFUSED, GuessableViewSet
from core.api.errors import REFUSALS
from core.api.fields import valid
from core.api.throttles import AddressThrottle, LoginThrottle
from settings import current

REFUSALS[actions.WeakPassword] = lambda error: ValidationError({"password": error.messages})
REFUSALS[actions.AddressRefused] = lambda _: ValidationError(
    {"email": ["This address cannot be registered."]}
)


class PasswordViewSet(GuessableViewSet):
    """Sign-in and registration."""

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
