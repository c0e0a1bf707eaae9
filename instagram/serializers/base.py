"""Shared by the serializers of the archive."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from django.db.models import Model
from rest_framework import serializers

from core import texts
from storage.models import StoredFile
from storage.serving.links import media_url

Row = TypeVar("Row", bound=Model)
DOUBTED_AFTER = timedelta(days=1)


class FileSerializer(serializers.ModelSerializer[Row]):
    def url(self, file: StoredFile | None) -> str | None:
        """The absolute URL of a file; None without a file."""
        return media_url(file, self.context["request"]) if file else None


class QualifiedSerializer(FileSerializer[Row]):
    """Lists the fields whose values need a caveat.

    A subclass declares which of `truncated`, `doubtful` and `unknown` it has. BLANKS are served in
    place of unknown values, because clients expect no null there. TIMES are times from the
    provider, each with the attribute that holds the time of our observation: a provider's time that
    is more than a day later is an error.
    """

    BLANKS: ClassVar[dict[str, Any]] = {}
    TIMES: ClassVar[dict[str, str]] = {}

    def to_representation(self, instance: Row) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        if "truncated" in self.fields:
            shown["truncated"] = texts.cut(shown)
        if "doubtful" in self.fields:
            shown["doubtful"] = [
                name
                for name, observed in self.TIMES.items()
                if (said := getattr(instance, name)) is not None
                and said - getattr(instance, observed) > DOUBTED_AFTER
            ]
        if "unknown" in self.fields:
            shown["unknown"] = [name for name in self.BLANKS if shown[name] is None]
            shown |= {name: self.BLANKS[name] for name in shown["unknown"]}
        return shown


class NamesField(serializers.ListField):
    """Names of fields of the same object."""

    def __init__(self, help_text: str) -> None:
        super().__init__(child=serializers.CharField(), read_only=True, help_text=help_text)

    def get_attribute(self, _instance: Model) -> list[str]:
        # QualifiedSerializer fills the list in, after all other values.
        return []


class UnknownField(NamesField):
    """Fields whose value is unknown."""

    def __init__(self) -> None:
        super().__init__("fields that are not known, and served as blank")


class TruncatedField(NamesField):
    """Fields whose text was cut."""

    def __init__(self) -> None:
        super().__init__("fields whose text was too long and is cut")


class DoubtfulField(NamesField):
    """Fields whose value is implausible."""

    def __init__(self) -> None:
        super().__init__("times that lie more than a day after we first saw them")


class LastSeenField(serializers.DateTimeField):
    """`seen_at` of the detail querysets, shown beside `first_missed_at` and `confirmed_at`."""

    def __init__(self) -> None:
        super().__init__(
            source="seen_at",
            allow_null=True,
            read_only=True,
            help_text="the last poll that is known to have shown it",
        )
