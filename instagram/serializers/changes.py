"""The change feed."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.rows import Rows, RowSerializer
from instagram.models import ChangeEvent

# Of a list: the id of a story or a coauthor, a link, or a medium with its file names.
ITEM = {"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": True}]}
VALUE = {
    "anyOf": [
        {"type": "string", "nullable": True},
        {"type": "number"},
        {"type": "boolean"},
        {"type": "array", "items": ITEM},
        {"type": "object", "additionalProperties": True},
    ],
}
DIFFERENCES = {
    "type": "object",
    "description": "Each changed field; `old` is null for what was not known before.",
    "additionalProperties": {
        "type": "object",
        "required": ["old", "new"],
        "properties": {"old": VALUE, "new": VALUE},
    },
}


@extend_schema_field(DIFFERENCES)
class DifferencesField(serializers.JSONField):
    """`{"caption": {"old": …, "new": …}}`; files are represented by their source names."""


class ChangeSerializer(RowSerializer):
    """One change of one thing."""

    rows: ClassVar[Rows] = ChangeEvent.objects.all

    user = serializers.UUIDField(source="user_id", allow_null=True, read_only=True)

    class Meta:
        model = ChangeEvent
        fields: tuple[str, ...] = ("id", "kind", "object_id", "user", "event", "fields", "seen_at")
        read_only_fields = fields

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Adds `fields`, which cannot be an attribute of a serializer."""
        return {**super().get_fields(), "fields": DifferencesField(read_only=True)}


class VersionSerializer(ChangeSerializer):
    """One change of the thing that was asked for."""

    class Meta(ChangeSerializer.Meta):
        fields = ("id", "event", "fields", "seen_at")
        read_only_fields = fields
