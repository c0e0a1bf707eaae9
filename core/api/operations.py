"""How operations of the API appear in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import SAFE_METHODS
from rest_framework.serializers import ListSerializer

from core.api.pagination import NumberedPagination
from core.api.permissions import MayRead

SIGN_IN = ("authentication", "auth", "v1")
"""First parts of the paths of sign-in, ours and those of aliases."""


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
        """`posts` for /instagram/posts/, also behind a prefix; what signs in has one tag."""
        parts: list[str] = self._tokenize_path()
        if "instagram" in parts:
            return [parts[parts.index("instagram") + 1]]
        return ["authentication" if parts[0] in SIGN_IN else parts[0]]
