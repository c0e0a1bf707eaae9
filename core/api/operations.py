"""How operations of the API appear in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import SAFE_METHODS
from rest_framework.serializers import ListSerializer

from core.api.pagination import NumberedPagination
from core.api.permissions import MayRead


class Operation(AutoSchema):
    """Documents the MayRead permission and groups operations by resource."""

    def get_auth(self) -> list[dict[str, Any]]:
        schemes: list[dict[str, Any]] = super().get_auth()
        open_to_all = MayRead in self.view.permission_classes and self.method in SAFE_METHODS
        return [*schemes, {}] if open_to_all else schemes

    def get_paginated_name(self, serializer_name: str) -> str:
        name: str = super().get_paginated_name(serializer_name)
        is_counted = getattr(self.view, "pagination_class", None) is NumberedPagination
        return f"Counted{name}" if is_counted else name

    def _is_list_view(self, serializer: Any = None) -> bool:
        """Without rows, as with the costs, `list` answers one object."""
        if isinstance(serializer, ListSerializer):
            return True
        return isinstance(self.view, GenericAPIView) and bool(super()._is_list_view(serializer))

    def get_tags(self) -> list[str]:
        """`posts` for /instagram/posts/, `authentication` for paths below that."""
        parts: list[str] = self._tokenize_path()
        return parts[1:2] if parts[0] == "instagram" else parts[:1]
