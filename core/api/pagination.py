"""The paginators of the REST API."""

from __future__ import annotations

from typing import Any, Protocol

import orjson
from rest_framework.pagination import BasePagination, PageNumberPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from core import texts
from core.api.keyset import Cursor, Keyset, Listed
from core.api.renderers import JSONRenderer, is_indented
from core.api.rows import RowSerializer, Shown

DEFAULT_SIZE = 20
MAX_SIZE = 100

PAGE_SIZE_PARAMETER = {
    "name": "page_size",
    "in": "query",
    "required": False,
    "description": f"Items per page, 1 to {MAX_SIZE}; anything else is moved into that range.",
    "schema": {"type": "integer", "default": DEFAULT_SIZE},
}


class OrderedView(Protocol):
    """What a paginated view declares: its order fields without sign, and the default order."""

    orderings: tuple[str, ...]
    default_ordering: str


def page_size(request: Request) -> int:
    """The page size that the client asks for, from 1 to 100; 20 if it is not a number."""
    try:
        wanted = int(request.query_params.get("page_size", DEFAULT_SIZE))
    except ValueError:
        return DEFAULT_SIZE
    return min(max(wanted, 1), MAX_SIZE)


class KeysetPagination(BasePagination):
    """`{"next", "previous", "results"}` by cursor (see `core.api.keyset`)."""

    parameter = "cursor"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return the requested page of a Listed, as the view's RowSerializer reads its rows.

        Raises BadCursor for a cursor of another list or order.
        """
        listed: Listed = queryset
        self.request = request
        self.keyset = Keyset(listed.rows.model, _ordering(request, view))
        text = request.query_params.get(self.parameter, "")
        cursor = self.keyset.decode(text) if text else None
        serializer: type[RowSerializer] = view.get_serializer_class()
        column = self.keyset.field.attname
        self.page = self.keyset.page(
            listed,
            cursor,
            page_size(request),
            read=lambda keys: serializer.select(keys, column),
        )
        return self.page.rows

    def envelope(self, data: list[Shown]) -> Shown:
        """The page as it is answered. Long texts of the page are cut (see `core.texts`)."""
        links = {"next": self._link(self.page.next), "previous": self._link(self.page.previous)}
        return {**links, "results": self._fitted(data)}

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        cursor = {
            "name": "cursor",
            "in": "query",
            "required": False,
            "description": "Where the page begins: taken from `next` or `previous`, never made.",
            "schema": {"type": "string"},
        }
        return [cursor, PAGE_SIZE_PARAMETER, *_ordering_parameters(view)]

    def _fitted(self, data: list[Shown]) -> list[Shown] | orjson.Fragment:
        """The objects with texts that fit into a page: as JSON, but plain if it is indented."""
        # Encoding takes a quarter of the time of looking for the texts, and is never shorter.
        encoded = JSONRenderer().render(data)
        if len(encoded) > texts.PAGE_BYTES:
            texts.fit(data)
            encoded = JSONRenderer().render(data)
        return data if is_indented(self.request) else orjson.Fragment(encoded)

    def _link(self, cursor: Cursor | None) -> str | None:
        if cursor is None:
            return None
        here = self.request.build_absolute_uri()
        return replace_query_param(here, self.parameter, self.keyset.encode(cursor))


class NumberedPagination(PageNumberPagination):
    """`{"count", "next", "previous", "results"}` by `page`, for short ranked lists."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        listed: Listed = queryset
        return super().paginate_queryset(listed.rows.filter(**listed.owner), request, view)

    def envelope(self, data: list[Shown]) -> Shown:
        """The page as it is answered."""
        found: Shown = self.get_paginated_response(data).data
        return found

    def get_page_size(self, request: Request) -> int:
        return page_size(request)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [*super().get_schema_operation_parameters(view), PAGE_SIZE_PARAMETER]


def _ordering(request: Request, view: OrderedView) -> str:
    """The requested order if the view allows it, otherwise the view's default."""
    wanted = request.query_params.get("ordering", "")
    return wanted if wanted.removeprefix("-") in view.orderings else view.default_ordering


def _ordering_parameters(view: OrderedView) -> list[dict[str, Any]]:
    if not view.orderings:
        return []
    choices = [f"{sign}{name}" for name in view.orderings for sign in ("", "-")]
    schema = {"type": "string", "enum": choices, "default": view.default_ordering}
    return [{"name": "ordering", "in": "query", "required": False, "schema": schema}]
