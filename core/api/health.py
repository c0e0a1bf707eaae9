"""Whether the parts that Instarchiver stands on work, each told apart."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import health

STATES = ("ok", "unavailable")


class HealthSerializer(serializers.Serializer[dict[str, Any]]):
    """A word per part and two figures: no host names, no error texts."""

    database = serializers.ChoiceField(STATES)
    redis = serializers.ChoiceField(STATES)
    storage = serializers.ChoiceField(STATES)
    worker = serializers.ChoiceField(STATES)
    beat = serializers.ChoiceField(STATES)
    queues = serializers.ChoiceField(STATES)
    beat_age_seconds = serializers.FloatField(allow_null=True)
    oldest_message_seconds = serializers.DictField(
        child=serializers.FloatField(allow_null=True), allow_null=True
    )


class HealthView(APIView):
    """200 when everything works, 503 when a part does not."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    probe = health.probe

    @extend_schema(
        operation_id="health",
        responses={
            200: HealthSerializer,
            503: OpenApiResponse(HealthSerializer, description="A part is unavailable."),
        },
    )
    def get(self, _request: Request) -> Response:
        """Whether each part works: found out at most every 5 seconds, told within 3."""
        report = health.report(self.probe.results())
        healthy = "unavailable" not in report.values()
        code = status.HTTP_200_OK if healthy else status.HTTP_503_SERVICE_UNAVAILABLE
        return Response(report, status=code, headers={"Cache-Control": "no-store"})
