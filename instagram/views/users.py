"""Profiles."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import valid
from core.api.idempotency import idempotent
from core.api.negotiation import IgnoresAccept
from core.api.parsers import CSVParser, ShallowJSONParser
from core.api.permissions import signed_in
from instagram import actions, adding, querysets
from instagram.filters import FilterBackend, MetricFilter, UserFilter
from instagram.models import ProfileMetric, User
from instagram.serializers import bulk
from instagram.serializers.coverage import CoverageQuerySerializer, CoverageSerializer
from instagram.serializers.runs import (
    AddedUserSerializer,
    NewUserSerializer,
    RunSerializer,
    StreamsSerializer,
)
from instagram.serializers.users import (
    AsOfSerializer,
    MetricSerializer,
    UserDetailSerializer,
    UserHistorySerializer,
    UserSerializer,
)
from instagram.views import base, feeds
from instagram.views.coverage import coverage_answer


@extend_schema_view(list=extend_schema(description="The archived profiles."))
class UserViewSet(base.StartsRuns, base.SearchedViewSet[User]):
    """The archived profiles."""

    queryset = User.objects.all()
    serializer_class = UserSerializer
    serializer_class_in_full = UserDetailSerializer
    filterset_class = UserFilter
    orderings = ("created_at", "updated_at", "username", "full_name")
    default_ordering = "-created_at"
    lookup_field = "uuid"
    lookup_value_converter = "uuid"

    @extend_schema(
        request=NewUserSerializer, responses={200: AddedUserSerializer, 201: AddedUserSerializer}
    )
    @idempotent
    def create(self, request: Request) -> Response:
        """Add a profile and start archiving it; 200 when it was there already."""
        name = valid(NewUserSerializer(data=request.data))["username"]
        added = actions.add_profile(name=name, by=signed_in(request))
        context = {"request": request, "run": base.shown_run(request, added.run)}
        serializer = AddedUserSerializer(context=context)
        [user] = serializer.show(serializer.get(added.user.pk))
        return Response(
            user,
            status=status.HTTP_201_CREATED if added.created else status.HTTP_200_OK,
        )

    @extend_schema(
        request={"application/json": bulk.BulkSerializer, "text/csv": bytes},
        responses=bulk.BulkResultSerializer,
    )
    @action(detail=False, methods=["post"], parser_classes=(ShallowJSONParser, CSVParser))
    @idempotent
    def bulk(self, request: Request) -> Response:
        """Add up to 1,000 profiles: a list of names, or a CSV with a column of them.

        Each name has its own result: a wrong one does not keep the others from being added.
        """
        given = valid(bulk.BulkSerializer(data=request.data))["usernames"]
        names = [*map(bulk.understood, given)]
        wanted = [each for each in names if isinstance(each, str)]
        results = adding.add(wanted, by=signed_in(request))
        return Response({"results": [*bulk.rows(given, names, results)]})

    @extend_schema(parameters=[AsOfSerializer])
    def retrieve(self, request: Request, **path: Any) -> HttpResponse:
        """A profile in full, as it is or as it was known at a time."""
        if "as_of" not in request.query_params:
            return super().retrieve(request, **path)
        then: Any = valid(AsOfSerializer(data=request.query_params)).get("as_of")
        is_now = then is None or then >= timezone.now()  # a future time shows the present values
        return super().retrieve(request, **path) if is_now else self._as_of(then, path["uuid"])

    @base.sublist(
        UserHistorySerializer,
        queryset=User.history.all(),
        default_ordering="-history_date",
    )
    def history(self, _request: Request, **path: str) -> HttpResponse:
        """What a profile looked like, the newest version first; empty for an unknown one."""
        return self.page(uuid=path["uuid"])

    @base.sublist(
        MetricSerializer,
        queryset=ProfileMetric.objects.all(),
        filter_backends=(FilterBackend,),
        filterset_class=MetricFilter,
        default_ordering="-day",
    )
    def metrics(self, _request: Request, **path: str) -> HttpResponse:
        """The counts of a profile, one row for each day on which one of them changed."""
        user = get_object_or_404(User.objects.only("pk"), pk=path["uuid"])
        return self.page(user=user.pk)

    @extend_schema(responses={(200, feeds.MEDIA_TYPE): str})
    @action(detail=True, content_negotiation_class=IgnoresAccept)
    def feed(self, request: Request, **path: str) -> HttpResponse:
        """The newest 50 changes of a profile as an Atom feed."""
        user = get_object_or_404(User.objects.only("pk", "username"), pk=path["uuid"])
        return feeds.answer(request, user)

    @extend_schema(parameters=[CoverageQuerySerializer], responses=CoverageSerializer)
    @action(detail=True)
    def coverage(self, request: Request, **path: str) -> Response:
        """What was watched of the wanted time, as far as it has passed."""
        user = get_object_or_404(User.objects.only("pk"), pk=path["uuid"])
        wanted = valid(CoverageQuerySerializer(data=request.query_params))
        return coverage_answer(request, user, wanted)

    @extend_schema(request=StreamsSerializer, responses={202: RunSerializer})
    @action(detail=True, methods=["post"])
    @idempotent
    def archive(self, request: Request, **path: str) -> Response:
        """Start archiving the profile, or add the wanted streams to its active run."""
        users = User.objects.only("pk", "username", "instagram_id")
        user = get_object_or_404(users, pk=path["uuid"])
        wanted = valid(StreamsSerializer(data=request.data))
        run = actions.request_archive(user=user, by=signed_in(request), **wanted)
        return base.accepted(request, run)

    def _as_of(self, then: datetime, uuid: UUID) -> Response:
        versions = querysets.profiles_as_of(then).filter(uuid=uuid)[:1]
        rows = UserDetailSerializer.read(versions, "history_type")
        if not rows or rows[0]["history_type"] == "-":
            raise NotFound
        [user] = self.serializer().show(rows)
        return Response(user)
