"""API keys: a short one for a password, and named ones of the own account."""

from __future__ import annotations

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from authentication import actions, attempts, keys, second_factor
from authentication.models import ApiKey
from authentication.serializers import (
    ApiKeySerializer,
    NewKeySerializer,
    ShownKeySerializer,
    SignInSerializer,
)
from authentication.views.base import REFUSED, GuessableViewSet
from core.api.errors import REFUSALS
from core.api.fields import valid
from core.api.permissions import HasSession, signed_in
from core.api.throttles import LoginThrottle

REFUSALS[keys.KeyRefused] = lambda error: ValidationError({error.field: [str(error)]})


class KeyTokenViewSet(GuessableViewSet):
    """Keys for a password."""

    throttle_classes = (LoginThrottle,)

    @extend_schema(request=SignInSerializer, responses={201: ShownKeySerializer, 401: REFUSED})
    def create(self, request: Request) -> Response:
        """Exchange an e-mail address and its password for a key that is valid for 10 hours."""
        given = valid(SignInSerializer(data=request.data))
        with attempts.logged(request, given["email"]):
            code = given.pop("code")
            account = actions.authenticated(**given)
            second_factor.check(account, code)
        return _shown(keys.make_token(account))


class ApiKeyViewSet(ViewSet):
    """The API keys of the account that signed in."""

    permission_classes = (HasSession,)
    lookup_value_converter = "int"

    @extend_schema(responses=ApiKeySerializer(many=True))
    def list(self, request: Request) -> Response:
        """The keys of the account, the newest first; at most 100."""
        rows = _keys(request).order_by("-created_at")[:100]
        return Response(ApiKeySerializer(rows, many=True).data)

    @extend_schema(request=NewKeySerializer, responses={201: ShownKeySerializer})
    def create(self, request: Request) -> Response:
        """Make a key. Its secret is shown in this answer only."""
        wanted = valid(NewKeySerializer(data=request.data))
        return _shown(keys.make(signed_in(request), **wanted))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Revoke a key. It stays in the list."""
        key = get_object_or_404(_keys(request), pk=pk)
        keys.revoke(_keys(request).filter(pk=key.pk), by=signed_in(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _keys(request: Request) -> QuerySet[ApiKey]:
    rows: QuerySet[ApiKey] = ApiKey.objects.filter(account=signed_in(request))
    return rows


def _shown(new: keys.NewKey) -> Response:
    shown = {"key": ApiKeySerializer(new.key).data, "token": new.text}
    return Response(shown, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})
