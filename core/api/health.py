"""Whether the parts that Instarchiver stands on work, each told apart."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import connection
from drf_spectacular.utils import OpenApiResponse, extend_schema
from redis.exceptions import RedisError
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.models import WorkerHeartbeat

STATES = ("ok", "unavailable")


class HealthSerializer(serializers.Serializer[dict[str, str]]):
    """One word per part, and nothing else: no host names, no error texts."""

    database = serializers.ChoiceField(STATES)
    redis = serializers.ChoiceField(STATES)
    storage = serializers.ChoiceField(STATES)
    worker = serializers.ChoiceField(STATES)


class HealthView(APIView):
    """200 when everything works, 503 when a part does not."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()

    @extend_schema(
        operation_id="health",
        responses={
            200: HealthSerializer,
            503: OpenApiResponse(HealthSerializer, description="A part is unavailable."),
        },
    )
    def get(self, _request: Request) -> Response:
        """Whether each part works."""
        report = {name: "ok" if works(check) else "unavailable" for name, check in CHECKS.items()}
        healthy = set(report.values()) == {"ok"}
        code = status.HTTP_200_OK if healthy else status.HTTP_503_SERVICE_UNAVAILABLE
        return Response(report, status=code, headers={"Cache-Control": "no-store"})


def works(check: Callable[[], bool]) -> bool:
    """Whether the check says yes, instead of no or the error of a broken part."""
    try:
        return check()
    except (DatabaseError, RedisError, OSError):
        return False


def database_answers() -> bool:
    """Whether a query comes back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone() is not None


def redis_answers() -> bool:
    """Whether a command comes back; None is the answer for a key that is not there."""
    return cache.get("health") is None


def storage_takes_files() -> bool:
    """Whether a byte can be written where the media lie."""
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=root) as file:
        return file.write(b"\0") == 1


CHECKS: dict[str, Callable[[], bool]] = {
    "database": database_answers,
    "redis": redis_answers,
    "storage": storage_takes_files,
    "worker": WorkerHeartbeat.anyone_alive,
}
