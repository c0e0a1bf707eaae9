"""Answers how much of a time the stories of a profile were watched."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from instagram.archiving.schedule.coverage import Span
from instagram.archiving.schedule.watching import coverage_of, watched_since
from instagram.models import RunStream, StreamPoll, User
from instagram.serializers.coverage import CoverageSerializer


def coverage_answer(request: Request, user: User, wanted: dict[str, datetime]) -> Response:
    now = timezone.now()
    report = coverage_of(user, _span(user, wanted, now), now=now)
    polls = StreamPoll.objects.filter(user=user, stream=RunStream.Name.STORIES)
    due_at = polls.values_list("due_at", flat=True).first()
    context = {"request": request, "next_poll_due": due_at}
    return Response(CoverageSerializer(report, context=context).data)


def _span(user: User, wanted: dict[str, datetime], now: datetime) -> Span:
    start = wanted.get("from") or watched_since(user, now=now)
    end = min(wanted.get("to", now), now)
    if start <= end:
        return Span(start, end)
    if "from" in wanted:
        raise ValidationError({"from": ["Must not be later than `to`, or than now."]})
    raise ValidationError({"to": ["Must not be before the first window; or give a `from`."]})
