"""Archive runs: what clients poll."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import event_streams
from core.api.fields import valid
from core.api.idempotency import idempotent
from core.api.negotiation import IgnoresAccept
from core.api.permissions import signed_in
from instagram import actions
from instagram.filters import RunFilter
from instagram.models import ArchiveRun
from instagram.serializers.runs import NewRunSerializer, RunInListSerializer, RunSerializer
from instagram.views import base, run_events


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

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "shows_errors": self.request.user.is_staff}

    def retrieve(self, request: Request, **path: Any) -> Response:
        run = get_object_or_404(ArchiveRun.objects.only("state", "calls"), pk=path["id"])
        return Response(base.shown_run(request, run))

    @extend_schema(
        parameters=[OpenApiParameter("Last-Event-ID", str, OpenApiParameter.HEADER)],
        responses={(200, event_streams.MEDIA_TYPE): str, 204: None},
    )
    @action(detail=True, content_negotiation_class=IgnoresAccept)
    def events(self, request: Request, **path: Any) -> HttpResponseBase:
        """The run as server-sent events: `progress` with each change, and `end` at its end.

        The data of an event is the run as its address answers it. A client that connects again
        with `Last-Event-ID` gets what changed since; 204, when that was the end, tells a browser to
        stop. 503 with `Retry-After` when too many streams are open.
        """
        run = get_object_or_404(ArchiveRun.objects.only("state"), pk=path["id"])
        last = request.headers.get("Last-Event-ID", "")
        if not run.is_active and run_events.is_known(run.pk, last):
            return Response(status=status.HTTP_204_NO_CONTENT)
        events = run_events.stream(run.pk, last=last, may_go_on=lambda: self._may_go_on(request))
        return event_streams.answer(events)

    def _may_go_on(self, request: Request) -> bool:
        """Whether a request like this one would be answered now."""
        try:
            again = self.initialize_request(event_streams.afresh(request._request))  # noqa: SLF001  the documented way to Django's own request
            self.perform_authentication(again)
            self.check_permissions(again)
        except APIException:
            return False
        finally:
            connection.close()
        return True

    @extend_schema(request=NewRunSerializer, responses={202: RunSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Start archiving a profile, or add the wanted streams to its active run."""
        wanted = valid(NewRunSerializer(data=request.data))
        return base.accepted(request, _start(request, wanted))


def _start(request: Request, wanted: dict[str, Any]) -> ArchiveRun:
    by, streams = signed_in(request), wanted.get("streams")
    if "username" in wanted:
        return actions.add_profile(name=wanted["username"], by=by, streams=streams).run
    return actions.request_archive(user=wanted["user"], by=by, streams=streams)
