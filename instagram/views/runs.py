"""Archive runs: what clients poll."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import valid
from core.api.permissions import signed_in
from instagram import actions
from instagram.filters import RunFilter
from instagram.models import ArchiveRun
from instagram.serializers.runs import NewRunSerializer, RunInListSerializer, RunSerializer
from instagram.views import base


@extend_schema_view(
    list=extend_schema(description="The archive runs, the newest first."),
    retrieve=extend_schema(description="How far an archive run has come."),
)
class RunViewSet(base.StartsRuns, base.OfProfile[ArchiveRun], base.ReadViewSet[ArchiveRun]):
    """The archive runs."""

    queryset = ArchiveRun.objects.all()
    serializer_class = RunInListSerializer
    serializer_class_in_full = RunSerializer
    filterset_class = RunFilter
    default_ordering = "-created_at"
    lookup_field = "id"
    lookup_value_converter = "uuid"

    def retrieve(self, request: Request, **path: Any) -> Response:
        run = get_object_or_404(ArchiveRun.objects.only("state", "calls"), pk=path["id"])
        return Response(base.shown_run(request, run))

    @extend_schema(request=NewRunSerializer, responses={202: RunSerializer})
    def create(self, request: Request) -> Response:
        """Start archiving a profile, or add the wanted streams to its active run."""
        wanted = valid(NewRunSerializer(data=request.data))
        return base.accepted(request, _start(request, wanted))


def _start(request: Request, wanted: dict[str, Any]) -> ArchiveRun:
    by, streams = signed_in(request), wanted.get("streams")
    if "username" in wanted:
        return actions.add_profile(name=wanted["username"], by=by, streams=streams).run
    return actions.request_archive(user=wanted["user"], by=by, streams=streams)
