"""What clients ask that know one token only, and send it as `Authorization: Token …`."""

from __future__ import annotations

from django.contrib.auth import logout
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_204_NO_CONTENT
from rest_framework.viewsets import ViewSet
from rest_framework_simplejwt.tokens import Token

from authentication import actions, attempts, keys, second_factor, tokens
from authentication.models import ApiKey
from authentication.serializers import (
    SignInSerializer,
    TokenAnswerSerializer,
)
from authentication.views.base import REFUSED, GuessableViewSet
from core.api.fields import valid
from core.api.permissions import signed_in
from core.api.throttles import LoginThrottle


class TokenLoginViewSet(GuessableViewSet):
    """Sign-in of clients with one token."""

    throttle_classes = (LoginThrottle,)

    @extend_schema(request=SignInSerializer, responses={200: TokenAnswerSerializer, 401: REFUSED})
    def login(self, request: Request) -> Response:
        """Exchange an e-mail address and its password for a key that is valid for 10 hours."""
        given = valid(SignInSerializer(data=request.data))
        code = given.pop("code")
        with attempts.logged(request, given["email"]):
            account = actions.authenticated(**given)
            second_factor.check(account, code)
        new = keys.make_token(account)
        answer = {"token": new.text, "user_id": account.pk, "email": account.email}
        return Response(answer, headers={"Cache-Control": "no-store"})


class TokenLogoutViewSet(ViewSet):
    """Sign-out of clients with one token."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(request=None, responses={204: None})
    def logout(self, request: Request) -> Response:
        """End what authenticates the request: the key is revoked, or the session ends."""
        if isinstance(request.auth, ApiKey):
            own = ApiKey.objects.filter(pk=request.auth.pk)
            keys.revoke(own, by=signed_in(request))
        elif isinstance(request.auth, Token):
            tokens.end(request.auth)
        else:
            logout(request._request)  # noqa: SLF001  the documented way to Django's own request
        return Response(status=HTTP_204_NO_CONTENT)
