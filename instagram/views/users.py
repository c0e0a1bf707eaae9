"""Profiles."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django_filters.rest_framework import (  # type: ignore[import-untyped]  # has no types
    DjangoFilterBackend,
)
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import valid
from core.api.permissions import signed_in
from instagram import actions
from instagram.archiving import progress
from instagram.filters import MetricFilter, UserFilter
from instagram.models import ProfileMetric, User
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
from instagram.views import base, querysets
from instagram.views.coverage import coverage_answer


@extend_schema_view(list=extend_schema(description="The archived profiles."))
class UserViewSet(base.StartsRuns, base.SearchedViewSet[User]):
    """The archived profiles."""

    queryset = querysets.profiles()
    queryset_in_full = querysets.profiles_in_full()
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
    def create(self, request: Request) -> Response:
        """Add a profile and start archiving it; 200 when it was there already."""
        name = valid(NewUserSerializer(data=request.data))["username"]
        added = actions.add_profile(name=name, by=signed_in(request))
        counted = progress.of_run(added.run)
        context = {"request": request, "run": added.run, "progress": counted}
        user = querysets.profiles_in_full().get(pk=added.user.pk)
        return Response(
            AddedUserSerializer(user, context=context).data,
            status=status.HTTP_201_CREATED if added.created else status.HTTP_200_OK,
        )

    @extend_schema(parameters=[AsOfSerializer])
    def retrieve(self, request: Request, *_: Any, **__: Any) -> Response:
        """A profile in full, as it is or as it was known at a time."""
        then: Any = valid(AsOfSerializer(data=request.query_params)).get("as_of")
        is_now = then is None or then >= timezone.now()  # a future time shows the present values
        user = self.get_object() if is_now else self._version(then)
        return Response(self.get_serializer(user).data)

    @base.sublist(
        UserHistorySerializer,
        queryset=User.history.select_related("picture__file"),
        default_ordering="-history_date",
    )
    def history(self, _request: Request, **path: str) -> Response:
        """What a profile looked like, the newest version first; empty for an unknown one."""
        return self.page(uuid=path["uuid"])

    @base.sublist(
        MetricSerializer,
        queryset=ProfileMetric.objects.all(),
        filter_backends=(DjangoFilterBackend,),
        filterset_class=MetricFilter,
        default_ordering="-day",
    )
    def metrics(self, _request: Request, **path: str) -> Response:
        """The counts of a profile, one row for each day on which one of them changed."""
        user = get_object_or_404(User.objects.only("pk"), pk=path["uuid"])
        return self.page(user=user)

    @extend_schema(parameters=[CoverageQuerySerializer], responses=CoverageSerializer)
    @action(detail=True)
    def coverage(self, request: Request, **path: str) -> Response:
        """What was watched of the wanted time, as far as it has passed."""
        user = get_object_or_404(User.objects.only("pk"), pk=path["uuid"])
        wanted = valid(CoverageQuerySerializer(data=request.query_params))
        return coverage_answer(request, user, wanted)

    @extend_schema(request=StreamsSerializer, responses={202: RunSerializer})
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, **path: str) -> Response:
        """Start archiving the profile, or add the wanted streams to its active run."""
        users = User.objects.only("pk", "username", "instagram_id")
        user = get_object_or_404(users, pk=path["uuid"])
        wanted = valid(StreamsSerializer(data=request.data))
        run = actions.request_archive(user=user, by=signed_in(request), **wanted)
        return base.accepted(request, run)

    def _version(self, then: datetime) -> Any:
        version = querysets.profiles_as_of(then).filter(uuid=self.kwargs["uuid"]).first()
        if version is None or version.history_type == "-":
            raise NotFound
        return version
