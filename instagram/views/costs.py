"""The costs over the REST API."""

from __future__ import annotations

from dataclasses import asdict

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from api_logs.costs import costs
from core.api.fields import valid
from core.api.permissions import ReadsAsStaff
from instagram.archiving.schedule import forecast
from instagram.serializers.costs import CostsQuerySerializer, CostsSerializer


class CostsViewSet(ViewSet):
    """What the Core API costs. For staff and `admin:read`."""

    permission_classes = (ReadsAsStaff,)

    @extend_schema(parameters=[CostsQuerySerializer], responses=CostsSerializer)
    def list(self, request: Request) -> Response:
        """The last days, today against its caps, and the forecast for the coming day."""
        query = valid(CostsQuerySerializer(data=request.query_params))
        now = timezone.now()
        report = asdict(costs(days=query["days"], now=now))
        report["forecast"] = forecast(now=now)
        return Response(CostsSerializer(report).data)
