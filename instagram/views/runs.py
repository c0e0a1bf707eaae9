"""Archive runs: what clients poll."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.permissions import signed_in
from instagram import actions
from instagram.filters import RunFilter
from instagram.models import ArchiveRun
from instagram.serializers.runs import NewRunSerializer, RunInListSerializer, RunSerializer
from instagram.views import base, querysets


class RunListView(base.ArchiveList[ArchiveRun], base.StartsRuns):
    """The archive runs, the newest first."""

    queryset = querysets.runs()
    serializer_class = RunInListSerializer
    filterset_class = RunFilter
    default_ordering = "-created_at"

    @extend_schema(request=NewRunSerializer, responses={202: RunSerializer})
    def post(self, request: Request) -> Response:
        """Start archiving a profile, or add the wanted streams to its active run."""
        body = NewRunSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return base.accepted(request, _start(request, body.validated_data))


class RunDetailView(generics.RetrieveAPIView[ArchiveRun]):
    """How far an archive run has come."""

    queryset = querysets.runs()
    serializer_class = RunSerializer
    lookup_field = "id"

    def get_object(self) -> ArchiveRun:
        """The run, with its progress."""
        return base.with_progress(super().get_object())


def _start(request: Request, wanted: dict[str, Any]) -> ArchiveRun:
    streams = wanted.get("streams")
    if "username" in wanted:
        return base.add_profile(request, wanted["username"], streams).run
    return actions.request_archive(user=wanted["user"], by=signed_in(request), streams=streams)
