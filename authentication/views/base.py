"""Base classes of the views of sign-in."""

from __future__ import annotations

from typing import NoReturn

from drf_spectacular.utils import OpenApiResponse
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.viewsets import ViewSet

from authentication import attempts, second_factor
from authentication.serializers import RefusalSerializer
from core.api.errors import REFUSALS
from core.api.throttles import AddressThrottle, LoginThrottle


def _with_code(error: AuthenticationFailed) -> AuthenticationFailed:
    """The refusal with its `code`, by which a client knows what to ask the person for."""
    return AuthenticationFailed({"detail": error.detail, "code": error.get_codes()})


REFUSALS[second_factor.CodeRequired] = _with_code
REFUSALS[second_factor.WrongCode] = _with_code
REFUSED = OpenApiResponse(
    RefusalSerializer, description="Refused, without telling which part is wrong."
)


class SignedOutViewSet(ViewSet):
    """Views without authentication."""

    # An expired token in the header must not refuse a login or a refresh.
    authentication_classes: tuple[type[BaseAuthentication], ...] = ()
    permission_classes = (AllowAny,)

    def get_authenticate_header(self, _request: Request) -> str:
        """Return a challenge. Without one, Django REST framework turns every 401 into a 403."""
        return "Bearer"


class GuessableViewSet(SignedOutViewSet):
    """Views that take a secret of a person. Attempts are limited, and refused ones are logged."""

    throttle_classes: tuple[type[BaseThrottle], ...] = (AddressThrottle,)

    def throttled(self, request: Request, wait: float) -> NoReturn:
        """Log the refused attempt. Raises Throttled."""
        account = LoginThrottle().account(request)
        attempts.log_refused(request, account, reason="throttled")
        super().throttled(request, wait)
