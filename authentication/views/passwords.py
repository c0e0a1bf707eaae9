"""Sign-in, registration and lost passwords. Sessions are JSON Web Tokens."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from authentication import actions, attempts, links, mails, registration
from authentication.serializers import (
    AccountSerializer,
    DetailSerializer,
    EmailSerializer,
    InvitedSerializer,
    LinkSerializer,
    NewPasswordSerializer,
    RegistrationSerializer,
    SignInSerializer,
    TokenPairSerializer,
)
from authentication.views.base import REFUSED, GuessableViewSet
from core.api.errors import REFUSALS
from core.api.fields import valid
from core.api.throttles import LoginThrottle

NOT_ADMITTED = OpenApiResponse(DetailSerializer, description="This person may not register.")

REFUSALS[registration.WeakPassword] = lambda error: ValidationError({"password": error.messages})
REFUSALS[registration.NotAdmitted] = lambda error: PermissionDenied(str(error))
REFUSALS[links.InvalidLink] = lambda error: ValidationError({"token": [str(error)]})


def mailed(email: str) -> Response:
    """202, in the same words for every address."""
    detail = f"If the address can be used, a mail goes to {email}."
    return Response({"detail": detail}, status=status.HTTP_202_ACCEPTED)


class PasswordViewSet(GuessableViewSet):
    """Sign-in and registration."""

    @extend_schema(request=SignInSerializer, responses={200: TokenPairSerializer, 401: REFUSED})
    @action(detail=False, methods=["post"], throttle_classes=(LoginThrottle,))
    def login(self, request: Request) -> Response:
        """Exchange an e-mail address and its password for a pair of tokens."""
        given = valid(SignInSerializer(data=request.data))
        with attempts.logged(request, given["email"]):
            return Response(actions.log_in(**given))

    @extend_schema(
        request=RegistrationSerializer, responses={202: DetailSerializer, 403: NOT_ADMITTED}
    )
    @action(detail=False, methods=["post"])
    def register(self, request: Request) -> Response:
        """Ask for an account, where the setting allows it. A mail confirms the address."""
        given = valid(RegistrationSerializer(data=request.data))
        registration.register(**given, origin=mails.origin_of(request))
        return mailed(given["email"])

    @extend_schema(request=LinkSerializer, responses={201: AccountSerializer})
    @action(detail=False, methods=["post"], url_path="verify-email")
    def verify_email(self, request: Request) -> Response:
        """Make the account of a registration, with the token of the mail's link."""
        account = registration.confirm(**valid(LinkSerializer(data=request.data)))
        return Response(AccountSerializer(account).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=InvitedSerializer, responses={201: AccountSerializer})
    @action(detail=False, methods=["post"], url_path="accept-invitation")
    def accept_invitation(self, request: Request) -> Response:
        """Make the account of an invited person, with the token of the mail's link."""
        account = registration.accept(**valid(InvitedSerializer(data=request.data)))
        return Response(AccountSerializer(account).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=EmailSerializer, responses={202: DetailSerializer})
    @action(detail=False, methods=["post"], url_path="reset-password")
    def reset_password(self, request: Request) -> Response:
        """Ask for a mail with a link that sets a new password."""
        given = valid(EmailSerializer(data=request.data))
        actions.request_reset(**given, origin=mails.origin_of(request))
        return mailed(given["email"])

    @extend_schema(request=NewPasswordSerializer, responses={204: None})
    @action(detail=False, methods=["post"], url_path="set-password")
    def set_password(self, request: Request) -> Response:
        """Set a new password with the token of the mail's link. Sessions and keys end."""
        given = valid(NewPasswordSerializer(data=request.data))
        actions.reset_password(**given, origin=mails.origin_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=LinkSerializer, responses={200: AccountSerializer})
    @action(detail=False, methods=["post"], url_path="confirm-email")
    def confirm_email(self, request: Request) -> Response:
        """Change the address of an account with the token of the mail's link."""
        given = valid(LinkSerializer(data=request.data))
        account = actions.change_email(**given, origin=mails.origin_of(request))
        return Response(AccountSerializer(account).data)
