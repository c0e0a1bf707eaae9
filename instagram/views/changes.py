"""The feed of changes."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request

from core.api.keyset import Cursor
from core.api.negotiation import IgnoresAccept
from core.api.pagination import PAGE_SIZE_PARAMETER, KeysetPagination
from core.api.rows import Shown
from instagram.filters import ChangeFilter
from instagram.models import ChangeEvent
from instagram.serializers.changes import ChangeSerializer
from instagram.views import base, feeds

START = Cursor(0, 0)


class FeedPagination(KeysetPagination):
    """`{"results", "next", "cursor"}`: the page after `since`, and the position after that page."""

    parameter = "since"

    def envelope(self, data: list[Shown]) -> Shown:
        following = self._link(self.page.next)
        if rows := self.page.rows:
            cursor = self.keyset.encode(Cursor(rows[-1]["transaction"], rows[-1]["pk"]))
        else:
            # A page without changes returns the client's own cursor, to be sent again later.
            since = self.request.query_params.get(self.parameter)
            cursor = since or self.keyset.encode(START)
        return {"results": data, "next": following, "cursor": cursor}

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        cursor = {"type": "string", "description": "Send it as `since` to read on, now or later."}
        return {
            "type": "object",
            "required": ["results", "next", "cursor"],
            "properties": {
                "results": schema,
                "next": {"type": "string", "format": "uri", "nullable": True},
                "cursor": cursor,
            },
        }

    def get_schema_operation_parameters(self, _view: Any) -> list[dict[str, Any]]:
        since = {
            "name": "since",
            "in": "query",
            "required": False,
            "description": "The `cursor` of the page before; from the beginning without it.",
            "schema": {"type": "string"},
        }
        return [since, PAGE_SIZE_PARAMETER]


class ChangeViewSet(base.OfProfile[ChangeEvent]):
    """Every change in the order of the feed; who asks again with the last `cursor` misses none.

    A change is listed once nothing can appear before it any more.
    """

    queryset = ChangeEvent.objects.all()
    serializer_class = ChangeSerializer
    filterset_class = ChangeFilter
    pagination_class = FeedPagination
    default_ordering = "transaction"

    def get_queryset(self) -> QuerySet[ChangeEvent]:
        # An unsettled change could appear before one that a client has read already.
        settled: QuerySet[ChangeEvent] = ChangeEvent.objects.settled()
        return settled

    @extend_schema(responses={(200, feeds.MEDIA_TYPE): str})
    @action(
        detail=False,
        content_negotiation_class=IgnoresAccept,
        pagination_class=None,
        filter_backends=(),
    )
    def feed(self, request: Request) -> HttpResponse:
        """The newest 50 changes of all profiles as an Atom feed."""
        return feeds.answer(request)
