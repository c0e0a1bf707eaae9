"""What the serializers of the archive share."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from django.db.models import Model
from rest_framework import serializers

from storage.links import media_url
from storage.models import StoredFile

Row = TypeVar("Row", bound=Model)


class FileSerializer(serializers.ModelSerializer[Row]):
    """Knows the addresses of files."""

    def url(self, file: StoredFile | None) -> str | None:
        """The absolute address of a file; None where there is none."""
        return media_url(file, self.context["request"]) if file else None


class BlankingSerializer(FileSerializer[Row]):
    """Serves what is unknown as its BLANK, because clients want no null there, and names it.

    A subclass declares `unknown` among its fields.
    """

    BLANKS: ClassVar[dict[str, Any]]

    def to_representation(self, instance: Row) -> dict[str, Any]:
        """The object that clients get."""
        shown: dict[str, Any] = super().to_representation(instance)
        unknown = [name for name in self.BLANKS if shown[name] is None]
        return {**shown, **{name: self.BLANKS[name] for name in unknown}, "unknown": unknown}


class UnknownField(serializers.ListField):
    """The names of the fields that we do not know and serve as blank."""

    def __init__(self) -> None:
        super().__init__(child=serializers.CharField(), read_only=True)

    def get_attribute(self, _instance: Model) -> list[str]:
        """Nothing yet: BlankingSerializer fills it in, when it has all other values."""
        return []


class LastSeenField(serializers.DateTimeField):
    """`seen_at` of the querysets in full; beside `first_missed_at` and `confirmed_at`."""

    def __init__(self) -> None:
        super().__init__(
            source="seen_at",
            allow_null=True,
            read_only=True,
            help_text="the last poll that is known to have shown it",
        )
