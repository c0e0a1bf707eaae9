"""Sign-in with Google."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, AuthenticationFailed, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from authentication import attempts, firebase, google
from authentication.serializers import (
    DetailSerializer,
    IdTokenSerializer,
    LinkGoogleSerializer,
    TokenPairSerializer,
)
from authentication.views.base import GuessableViewSet
from authentication.views.passwords import NOT_ADMITTED
from core.api.errors import REFUSALS
from core.api.fields import valid


class GoogleRefused(AuthenticationFailed):
    """The answer that clients know: `error` and `detail`."""

    def __init__(self) -> None:
        super().__init__({"error": "Authentication failed", "detail": "Invalid or expired token"})


class Linkable(APIException):
    """409: the password of the account links it to the Google user."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = (
        "An account with this address exists. Link it once with its password: "
        "POST /authentication/link-google/."
    )
    default_code = "link_required"


class Unavailable(APIException):
    """503: Google could not be asked."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "Google cannot be asked now. Try again later."


REFUSALS[firebase.InvalidToken] = lambda _: GoogleRefused()
REFUSALS[firebase.NotSetUp] = lambda _: PermissionDenied("Sign-in with Google is not set up.")
REFUSALS[firebase.GoogleUnavailable] = lambda _: Unavailable()
REFUSALS[google.LinkRequired] = lambda _: Linkable()

TEXTS = {"error": serializers.CharField(), "detail": serializers.CharField()}
GOOGLE_REFUSED = OpenApiResponse(inline_serializer("GoogleRefused", dict[str, Any](TEXTS)))


class GoogleViewSet(GuessableViewSet):
    """Sign-in with an ID token of Firebase."""

    @extend_schema(
        request=IdTokenSerializer,
        responses={
            200: TokenPairSerializer,
            401: GOOGLE_REFUSED,
            403: NOT_ADMITTED,
            409: DetailSerializer,
        },
    )
    @action(detail=False, methods=["post"], url_path="login-with-google")
    def login_with_google(self, request: Request) -> Response:
        """Exchange an ID token for a pair of tokens. The first sign-in makes the account."""
        given = valid(IdTokenSerializer(data=request.data))
        with _logged(request):
            return Response(google.sign_in(given["token"], code=given["code"]))

    @extend_schema(
        request=LinkGoogleSerializer, responses={200: TokenPairSerializer, 401: GOOGLE_REFUSED}
    )
    @action(detail=False, methods=["post"], url_path="link-google")
    def link_google(self, request: Request) -> Response:
        """Link the account of the user's address with its password, and start a session."""
        given = valid(LinkGoogleSerializer(data=request.data))
        with _logged(request):
            return Response(google.link(**given))


@contextmanager
def _logged(request: Request) -> Iterator[None]:
    """Log a refused sign-in. Its account is not known, or not proven."""
    try:
        yield
    except (AuthenticationFailed, firebase.InvalidToken):
        attempts.log_refused(request, "google", reason="wrong")
        raise
