"""Profiles."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.permissions import signed_in
from instagram import actions
from instagram.models import User
from instagram.serializers.runs import (
    AddedUserSerializer,
    NewUserSerializer,
    RunSerializer,
    StreamsSerializer,
)
from instagram.serializers.users import (
    UserDetailSerializer,
    UserHistorySerializer,
    UserSerializer,
)
from instagram.views import base


class UserListView(base.SearchedList[User], base.StartsRuns):
    """The archived profiles."""

    queryset = User.objects.for_api()
    serializer_class = UserSerializer
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
        context = {"request": request, "run": base.with_progress([added.run])[0]}
        user = User.objects.for_api_detail().get(pk=added.user.pk)
        return Response(
            AddedUserSerializer(user, context=context).data,
            status=status.HTTP_201_CREATED if added.created else status.HTTP_200_OK,
        )


class UserDetailView(generics.RetrieveAPIView[User]):
    """A profile in full."""

    queryset = User.objects.for_api_detail()
    serializer_class = UserDetailSerializer
    lookup_field = "uuid"


class UserHistoryView(base.ArchiveList[Any]):
    """What a profile looked like, the newest version first; empty for an unknown one."""

    queryset = User.history.select_related("picture__file")
    serializer_class = UserHistorySerializer
    default_ordering = "-history_date"

    def get_queryset(self) -> QuerySet[Any]:
        """The versions of one profile, also of one that was deleted."""
        return super().get_queryset().filter(uuid=self.kwargs["uuid"])


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
