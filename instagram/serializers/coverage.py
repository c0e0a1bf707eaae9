"""The coverage of a profile's stories."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rest_framework import serializers

from instagram.archiving.schedule.coverage import Coverage, Span


class CoverageQuerySerializer(serializers.Serializer[Any]):
    """The wanted time. `from` is a word of Python's, so it cannot be a class attribute."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            "from": serializers.DateTimeField(
                required=False, help_text="by default the first poll's day, 90 days ago at most"
            ),
            "to": serializers.DateTimeField(required=False, help_text="by default now"),
        }


class SpanSerializer(serializers.Serializer[Span]):
    """From a time up to a later one."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """`from` and `to`, then the fields of the subclass."""
        ends: dict[str, serializers.Field[Any, Any, Any, Any]] = {
            "from": serializers.DateTimeField(source="start"),
            "to": serializers.DateTimeField(source="end"),
        }
        return {**ends, **super().get_fields()}


class WindowSerializer(SpanSerializer):
    """A time in which no story can have been missed."""

    polls = serializers.IntegerField(help_text="of the whole window, also outside of the span")


class CoverageSerializer(serializers.Serializer[Coverage]):
    """Windows, gaps and what is pending make up the span from `from` to `to`."""

    share = serializers.FloatField(help_text="the covered part of the span, from 0 to 1")
    covered_seconds = serializers.FloatField()
    windows = WindowSerializer(many=True)
    gaps = SpanSerializer(many=True, help_text="stories of these times may be lost")
    pending = SpanSerializer(
        allow_null=True, help_text="since the last poll: the next one can still cover it"
    )
    next_poll_due = serializers.SerializerMethodField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        ends: dict[str, serializers.Field[Any, Any, Any, Any]] = {
            "from": serializers.DateTimeField(source="span.start"),
            "to": serializers.DateTimeField(source="span.end"),
        }
        return {**ends, **super().get_fields()}

    def get_next_poll_due(self, _coverage: Coverage) -> datetime | None:
        """When the schedule polls next; null where it does not."""
        due_at: datetime | None = self.context["next_poll_due"]
        return due_at
