"""What the views of the archive share."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model
from django_filters.rest_framework import (  # type: ignore[import-untyped]  # has no types
    DjangoFilterBackend,
)
from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from core.api.pagination import NumberedPagination
from core.api.permissions import signed_in
from core.api.throttles import ArchiveThrottle
from instagram import actions
from instagram.archiving import progress
from instagram.filters import WordSearch
from instagram.models import ArchiveRun
from instagram.serializers.runs import RunSerializer

Row = TypeVar("Row", bound=Model)


class ArchiveList(generics.ListAPIView[Row]):
    """A list that is filtered, and paged by keyset in one of its orders."""

    filter_backends: tuple[type[Any], ...] = (DjangoFilterBackend,)
    orderings: tuple[str, ...] = ()
    default_ordering: str


class SearchedList(ArchiveList[Row]):
    """A list with `search=`; its QuerySet has a method `matching`."""

    filter_backends = (DjangoFilterBackend, WordSearch)


class SimilarList(generics.ListAPIView[Row]):
    """A short, ranked list. Nothing is comparable until posts and stories have embeddings."""

    pagination_class = NumberedPagination


class StartsRuns(APIView):
    """A view whose POST starts an archive run."""

    def get_throttles(self) -> list[BaseThrottle]:
        """The usual limits, and a lower one on what costs money."""
        throttles = list(super().get_throttles())
        return [*throttles, ArchiveThrottle()] if self.request.method == "POST" else throttles


def add_profile(
    request: Request, name: str, streams: list[str] | None = None
) -> actions.AddedProfile:
    """Add a profile for who is signed in. Raises ValidationError for what cannot be added."""
    try:
        return actions.add_profile(name=name, by=signed_in(request), streams=streams)
    except actions.Refused as error:
        raise ValidationError({"username": [str(error)]}) from error


def with_progress(run: ArchiveRun) -> ArchiveRun:
    """The run with its `progress` set, in two queries; they count each file that it wants."""
    run.progress = progress.of_run(run)
    return run


def accepted(request: Request, run: ArchiveRun) -> Response:
    """202 with the run that was started, or was active already."""
    serializer = RunSerializer(with_progress(run), context={"request": request})
    return Response(serializer.data, status=status.HTTP_202_ACCEPTED)
