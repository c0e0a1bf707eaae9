"""Profiles."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.permissions import signed_in
from instagram import actions
from instagram.filters import MetricFilter, UserFilter
from instagram.models import ProfileMetric, User
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


class UserListView(base.SearchedList[User], base.StartsRuns):
    """The archived profiles."""

    queryset = querysets.profiles()
    serializer_class = UserSerializer
    filterset_class = UserFilter
    orderings = ("created_at", "updated_at", "username", "full_name")
    default_ordering = "-created_at"

    @extend_schema(
        request=NewUserSerializer, responses={200: AddedUserSerializer, 201: AddedUserSerializer}
    )
    def post(self, request: Request) -> Response:
        """Add a profile and start archiving it; 200 when it was there already."""
        body = NewUserSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        added = base.add_profile(request, body.validated_data["username"])
        context = {"request": request, "run": base.with_progress(added.run)}
        user = querysets.profiles_in_full().get(pk=added.user.pk)
        return Response(
            AddedUserSerializer(user, context=context).data,
            status=status.HTTP_201_CREATED if added.created else status.HTTP_200_OK,
        )


@extend_schema_view(get=extend_schema(parameters=[AsOfSerializer]))
class UserDetailView(generics.RetrieveAPIView[User]):
    """A profile in full, as it is or as it was known at a time."""

    queryset = querysets.profiles_in_full()
    serializer_class = UserDetailSerializer
    lookup_field = "uuid"

    def get_object(self) -> Any:
        """The profile, or the version of it that `as_of` asks for; as now for a future time."""
        query = AsOfSerializer(data=self.request.query_params)
        query.is_valid(raise_exception=True)
        then = query.validated_data.get("as_of")
        if then is None or then >= timezone.now():
            return super().get_object()
        return self._version(then)

    def _version(self, then: datetime) -> Any:
        version = querysets.profiles_as_of(then).filter(uuid=self.kwargs["uuid"]).first()
        if version is None or version.history_type == "-":
            raise NotFound
        return version


class UserHistoryView(base.ArchiveList[Any]):
    """What a profile looked like, the newest version first; empty for an unknown one."""

    queryset = User.history.select_related("picture__file")
    serializer_class = UserHistorySerializer
    default_ordering = "-history_date"

    def get_queryset(self) -> QuerySet[Any]:
        """The versions of one profile, also of one that was deleted."""
        return super().get_queryset().filter(uuid=self.kwargs["uuid"])


class UserMetricsView(base.ArchiveList[ProfileMetric]):
    """The counts of a profile, one row for each day on which one of them changed."""

    queryset = ProfileMetric.objects.all()
    serializer_class = MetricSerializer
    filterset_class = MetricFilter
    default_ordering = "-day"

    def get_queryset(self) -> QuerySet[ProfileMetric]:
        """Those of one profile, which must be there."""
        user = get_object_or_404(User.objects.only("pk"), pk=self.kwargs["uuid"])
        return super().get_queryset().filter(user=user)


class UserArchiveView(base.StartsRuns):
    """Archiving a known profile again."""

    @extend_schema(request=StreamsSerializer, responses={202: RunSerializer})
    def post(self, request: Request, uuid: UUID) -> Response:
        """Start archiving the profile, or add the wanted streams to its active run."""
        user = get_object_or_404(User.objects.only("pk", "username", "instagram_id"), pk=uuid)
        body = StreamsSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        run = actions.request_archive(user=user, by=signed_in(request), **body.validated_data)
        return base.accepted(request, run)
