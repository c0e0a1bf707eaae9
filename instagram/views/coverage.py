"""How well the stories of a profile are watched."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from instagram.archiving.schedule.coverage import Span
from instagram.archiving.schedule.watching import coverage_of, watched_since
from instagram.models import RunStream, StreamPoll, User
from instagram.serializers.coverage import CoverageQuerySerializer, CoverageSerializer


class CoverageView(APIView):
    """The share of time in which no story can have been missed, and the gaps."""

    @extend_schema(parameters=[CoverageQuerySerializer], responses=CoverageSerializer)
    def get(self, request: Request, uuid: UUID) -> Response:
        """What was watched of the wanted time, as far as it has passed."""
        user = get_object_or_404(User.objects.only("pk"), pk=uuid)
        query = CoverageQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        now = timezone.now()
        span = _span(user, query.validated_data, now)
        context = {"request": request, "next_poll_due": _next_poll_due(user)}
        report = coverage_of(user, span, now=now)
        return Response(CoverageSerializer(report, context=context).data)


def _span(user: User, wanted: dict[str, datetime], now: datetime) -> Span:
    start = wanted.get("from") or watched_since(user, now=now)
    end = min(wanted.get("to", now), now)
    if start <= end:
        return Span(start, end)
    if "from" in wanted:
        raise ValidationError({"from": ["Must not be later than `to`, or than now."]})
    raise ValidationError({"to": ["Must not be before the first window; or give a `from`."]})


def _next_poll_due(user: User) -> datetime | None:
    polls = StreamPoll.objects.filter(user=user, stream=RunStream.Name.STORIES)
    return polls.values_list("due_at", flat=True).first()
