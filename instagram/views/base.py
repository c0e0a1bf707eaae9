"""Base classes and decorators of the archive's viewsets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django_filters.rest_framework import (  # type: ignore[import-untyped]  # has no types
    DjangoFilterBackend,
)
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from core.api.errors import REFUSALS
from core.api.pagination import NumberedPagination
from core.api.throttles import ArchiveThrottle
from instagram import actions
from instagram.archiving import progress
from instagram.filters import WordSearch
from instagram.models import ArchiveRun
from instagram.serializers.runs import RunSerializer

Row = TypeVar("Row", bound=Model)
Method = TypeVar("Method", bound=Callable[..., Response])

REFUSALS[actions.Refused] = lambda error: ValidationError({"username": [str(error)]})


class ListViewSet(mixins.ListModelMixin, GenericViewSet[Row]):
    """A list that is filtered, and paged by keyset in one of its orders."""

    filter_backends: tuple[type[Any], ...] = (DjangoFilterBackend,)
    filterset_class: type[Any] | None = None
    orderings: tuple[str, ...] = ()
    default_ordering: str = ""

    def page(self, **owner: Any) -> Response:
        """A page of the rows that belong to one object."""
        rows: QuerySet[Any] = self.get_queryset()
        found = self.paginate_queryset(self.filter_queryset(rows.filter(**owner)))
        return self.get_paginated_response(self.get_serializer(found, many=True).data)


class ReadViewSet(mixins.RetrieveModelMixin, ListViewSet[Row]):
    """A list of objects, and each object in full."""

    serializer_class_in_full: type[BaseSerializer[Row]]
    queryset_in_full: QuerySet[Row]

    def get_queryset(self) -> QuerySet[Row]:
        return self.queryset_in_full.all() if self._is_in_full() else super().get_queryset()

    def get_serializer_class(self) -> type[BaseSerializer[Row]]:
        return (
            self.serializer_class_in_full if self._is_in_full() else super().get_serializer_class()
        )

    def filter_queryset(self, queryset: Any) -> Any:
        # A filter in the address must not turn an existing object into a 404.
        return queryset if self._is_in_full() else super().filter_queryset(queryset)

    def _is_in_full(self) -> bool:
        return self.action == "retrieve"


class SearchedViewSet(ReadViewSet[Row]):
    """A list with `search=`; its QuerySet has a method `matching`."""

    filter_backends = (DjangoFilterBackend, WordSearch)


class StartsRuns(APIView):
    """A viewset in which `create` and `archive` start an archive run."""

    action: str

    def get_throttles(self) -> list[BaseThrottle]:
        """The usual limits, and a lower one for runs, whose calls cost money."""
        throttles = list(super().get_throttles())
        starts = self.action in {"create", "archive"}
        return [*throttles, ArchiveThrottle()] if starts else throttles


def sublist(
    serializer_class: type[BaseSerializer[Any]], **declared: Any
) -> Callable[[Method], Any]:
    """An action that lists rows that belong to one object."""
    # The filters and orders of the viewset are for its objects, so an action declares its own.
    options = {"filter_backends": (), "orderings": (), **declared}

    def decorate(method: Method) -> Any:
        made = action(detail=True, serializer_class=serializer_class, **options)(method)
        return extend_schema(responses=serializer_class(many=True))(made)

    return decorate


def similar(
    serializer_class: type[BaseSerializer[Any]], rows: QuerySet[Any]
) -> Callable[[Method], Any]:
    """An action for a short, ranked list. Empty until posts and stories have embeddings."""
    return sublist(serializer_class, queryset=rows, pagination_class=NumberedPagination)


def accepted(request: Request, run: ArchiveRun) -> Response:
    """202 with the run that was started or was already active."""
    context = {"request": request, "progress": progress.of_run(run)}
    serializer = RunSerializer(run, context=context)
    return Response(serializer.data, status=status.HTTP_202_ACCEPTED)
