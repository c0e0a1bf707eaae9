"""Keeping a session."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from authentication import tokens
from authentication.serializers import RefreshSerializer, TokenPairSerializer
from authentication.views.base import REFUSED, SignedOutViewSet
from core.api.fields import valid


class SessionViewSet(SignedOutViewSet):
    """Keeping a session."""

    @extend_schema(request=RefreshSerializer, responses={200: TokenPairSerializer, 401: REFUSED})
    @action(detail=False, methods=["post"])
    def refresh(self, request: Request) -> Response:
        """Exchange a refresh token for a new pair; each is good for one use."""
        given = valid(RefreshSerializer(data=request.data))
        return Response(tokens.rotate(given["refresh"]))
