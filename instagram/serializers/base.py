"""Shared by the serializers of the archive."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar

from rest_framework import serializers

from core import texts
from core.api.rows import RowSerializer, Shown
from core.db.selection import Row
from storage.serving.links import MediaLinks, links_of
from storage.store import name_of

DOUBTED_AFTER = timedelta(days=1)


class FileSerializer(RowSerializer):
    @cached_property
    def links(self) -> MediaLinks:
        return links_of(self.context["request"])

    def url(self, row: Row, path: str) -> str | None:
        """The absolute URL of the file that a path of the model leads to; None without a file."""
        digest = row[f"{path}__sha256"]
        return self.links.url(name_of(digest, row[f"{path}__extension"])) if digest else None


class QualifiedSerializer(FileSerializer):
    """Lists the fields whose values need a caveat.

    A subclass declares which of `truncated`, `doubtful` and `unknown` it has. BLANKS are served in
    place of unknown values, because clients expect no null there. TIMES are times from the
    provider, each with the column that holds the time of our observation: a provider's time that
    is more than a day later is an error.
    """

    BLANKS: ClassVar[dict[str, Any]] = {}
    TIMES: ClassVar[dict[str, str]] = {}

    def finish(self, shown: Shown, row: Row) -> Shown:
        if "truncated" in shown:
            shown["truncated"] = texts.cut(shown)
        if "doubtful" in shown:
            shown["doubtful"] = [
                name
                for name, observed in self.TIMES.items()
                if row[name] is not None and row[name] - row[observed] > DOUBTED_AFTER
            ]
        if "unknown" in shown:
            shown["unknown"] = [name for name in self.BLANKS if shown[name] is None]
            shown |= {name: self.BLANKS[name] for name in shown["unknown"]}
        return shown


class NamesField(serializers.ListField):
    """Names of fields of the same object."""

    reads: tuple[str, ...] = ()

    def __init__(self, help_text: str) -> None:
        super().__init__(child=serializers.CharField(), read_only=True, help_text=help_text)

    def show(self, _row: Row) -> list[str]:
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
