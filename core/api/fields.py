"""Serializer fields for request bodies."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class TextField(serializers.CharField):
    """A JSON string. Django REST framework's CharField would accept the number 7 as "7"."""

    def to_internal_value(self, data: Any) -> str:
        """Return the text. Raises ValidationError for any other JSON type."""
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


def valid(serializer: serializers.BaseSerializer[Any]) -> dict[str, Any]:
    """What was sent, as the serializer understands it. Raises ValidationError."""
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
