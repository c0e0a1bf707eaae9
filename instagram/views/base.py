"""Base classes and decorators of the archive's viewsets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.db.models import Model, QuerySet
from django.http import Http404, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import Throttled, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from core.api.answers import unchanged
from core.api.errors import REFUSALS
from core.api.fields import valid
from core.api.keyset import Listed
from core.api.pagination import KeysetPagination, NumberedPagination
from core.api.rows import RowSerializer, Shown
from core.api.throttles import ArchiveThrottle
from instagram import actions, adding
from instagram.daily_limits import DailyLimit
from instagram.filters import FilterBackend, WordSearch
from instagram.models import ArchiveRun
from instagram.serializers.runs import show_runs
from instagram.serializers.users import OfProfileSerializer

Row = TypeVar("Row", bound=Model)
Method = TypeVar("Method", bound=Callable[..., HttpResponse])

REFUSALS[actions.NotAUsername] = lambda error: ValidationError({"username": [str(error)]})
REFUSALS[adding.NameOfErased] = REFUSALS[actions.NotAUsername]
REFUSALS[DailyLimit] = lambda error: Throttled(error.retry_after, str(error))


class ListViewSet(GenericViewSet[Row]):
    """A list that is filtered, and paged by keyset in one of its orders.

    The queryset only finds the keys of a page; the RowSerializer reads and shows its rows.
    """

    filter_backends: tuple[type[Any], ...] = (FilterBackend,)
    filterset_class: type[Any] | None = None
    orderings: tuple[str, ...] = ()
    default_ordering: str = ""

    def list(self, _request: Request) -> HttpResponse:
        return self.page()

    def page(self, **owner: Any) -> HttpResponse:
        """A page of the rows, or of those that belong to one object."""

        def build() -> Shown:
            listed: Any = Listed(self.get_queryset(), self.owner() | owner)
            found: Any = self.paginate_queryset(self.filter_queryset(listed))
            return self._pages.envelope(self.serializer().show(found))

        return unchanged(self.request, build)

    def owner(self) -> dict[str, Any]:
        """Fields and the values that they must have in each row. Raises ValidationError."""
        return {}

    @property
    def _pages(self) -> KeysetPagination | NumberedPagination:
        return cast("KeysetPagination | NumberedPagination", self.paginator)

    def serializer(self) -> RowSerializer:
        serializer = cast("type[RowSerializer]", self.get_serializer_class())
        return serializer.showing(self.get_serializer_context())


class ReadViewSet(ListViewSet[Row]):
    """A list of objects, and each object in full."""

    serializer_class_in_full: type[RowSerializer]

    def get_serializer_class(self) -> type[BaseSerializer[Row]]:
        is_in_full = self.action == "retrieve"
        return self.serializer_class_in_full if is_in_full else super().get_serializer_class()

    def retrieve(self, request: Request, **path: Any) -> HttpResponse:
        return unchanged(request, lambda: self._object(path[self.lookup_field]))

    def _object(self, key: Any) -> Shown:
        serializer = self.serializer()
        shown = serializer.show(serializer.get(key))
        if not shown:
            raise Http404(f"No {serializer.Meta.model.__name__} matches the given query.")
        return shown[0]


class SearchedViewSet(ReadViewSet[Row]):
    """A list with `search=`, of a model with a SearchQuerySet."""

    filter_backends = (FilterBackend, WordSearch)


of_profile = extend_schema(parameters=[OfProfileSerializer])


class OfProfile(ListViewSet[Row]):
    """A list with `user=`: the rows of one profile; 400 if the profile does not exist."""

    @of_profile
    def list(self, request: Request) -> HttpResponse:
        return super().list(request)

    def owner(self) -> dict[str, Any]:
        if self.action == "list" and "user" in self.request.query_params:
            return valid(OfProfileSerializer(data=self.request.query_params))
        return {}


class StartsRuns(APIView):
    """A viewset in which `create`, `bulk` and `archive` start archive runs."""

    action: str

    def get_throttles(self) -> list[BaseThrottle]:
        """The usual limits, and a lower one for runs, whose calls cost money."""
        starts = self.action in {"create", "bulk", "archive"}
        return [ArchiveThrottle()] if starts else super().get_throttles()


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
    return Response(shown_run(request, run), status=status.HTTP_202_ACCEPTED)


def shown_run(request: Request, run: ArchiveRun) -> Shown:
    """The run, and how far it has come."""
    [shown] = show_runs([run], shows_errors=request.user.is_staff)
    return shown
