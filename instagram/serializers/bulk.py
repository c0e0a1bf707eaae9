"""Many profiles at once."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any

from rest_framework import serializers

from core.api.fields import TextField
from instagram import actions
from instagram.adding import AddedProfile, Refusal

MAX_NAMES = 1000
HEADINGS = ("username", "handle", "name", "profile", "account", "user", "url", "link", "address")
DELIMITERS = ",;\t"
DELIMITER_SAMPLE = 1000
"""Characters at the beginning whose most frequent delimiter is that of the CSV."""


class BulkSerializer(serializers.Serializer[Any]):
    """The names of profiles to add: with `@`, in capitals and as addresses too."""

    usernames = serializers.ListField(
        child=TextField(max_length=2048, allow_blank=True), max_length=MAX_NAMES, required=False
    )
    csv = TextField(
        required=False,
        trim_whitespace=False,
        help_text="Instead of `usernames`: its column `username`, or its only one.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("usernames" in attrs) == ("csv" in attrs):
            raise serializers.ValidationError("Give either usernames or a csv.")
        names = attrs["usernames"] if "usernames" in attrs else names_in(attrs["csv"])
        if not 1 <= len(names) <= MAX_NAMES:
            raise serializers.ValidationError(f"Give 1 to {MAX_NAMES} names, not {len(names)}.")
        return {"usernames": names}


class BulkRowSerializer(serializers.Serializer[Any]):
    """What became of one name."""

    given = serializers.CharField(help_text="As it was sent.")
    username = serializers.CharField(allow_null=True)
    result = serializers.ChoiceField(
        ["added", "known", "repeated", "invalid", "erased", "limit"],
        help_text="`repeated`: an earlier row has the same name.",
    )
    user = serializers.UUIDField(allow_null=True, help_text="The profile.")
    run = serializers.UUIDField(allow_null=True, help_text="The run that archives it.")
    detail = serializers.CharField(help_text="Why the name was refused; empty if it was not.")


class BulkResultSerializer(serializers.Serializer[Any]):
    """One row for each name, in the order of the request."""

    results = BulkRowSerializer(many=True)


def understood(text: str) -> str | actions.NotAUsername:
    """The username in the text, or why there is none."""
    try:
        return actions.username_from(text)
    except actions.NotAUsername as error:
        return error


def rows(
    given: Sequence[str],
    names: Sequence[str | actions.NotAUsername],
    results: dict[str, AddedProfile | Refusal],
) -> Iterator[dict[str, Any]]:
    """The row of each name."""
    seen: set[str] = set()
    for text, name in zip(given, names, strict=True):
        row = {"given": text, "username": None, "user": None, "run": None, "detail": ""}
        if not isinstance(name, str):
            yield {**row, "result": "invalid", "detail": str(name)}
            continue
        shown = _shown(results[name])
        yield {**row, "username": name, **shown, **({"result": "repeated"} if name in seen else {})}
        seen.add(name)


def _shown(result: AddedProfile | Refusal) -> dict[str, Any]:
    if isinstance(result, AddedProfile):
        state = "added" if result.created else "known"
        return {"result": state, "user": result.user.pk, "run": result.run.pk}
    return {"result": result.code, "detail": str(result)}


def names_in(text: str) -> list[str]:
    """The names in a CSV: its column `username`, or its only one. Empty lines are left out.

    Raises ValidationError.
    """
    table = [row for row in _table(text.removeprefix("\ufeff")) if any(map(str.strip, row))]
    if not table:
        return []
    headings = [cell.strip().lower() for cell in table[0]]
    column = next((headings.index(each) for each in HEADINGS if each in headings), None)
    if column is not None:
        return [row[column].strip() if column < len(row) else "" for row in table[1:]]
    if len(headings) > 1:
        message = f"Several columns need a heading. Name one of them {', '.join(HEADINGS)}."
        raise serializers.ValidationError({"csv": [message]})
    return [row[0].strip() for row in table]


def _table(text: str) -> Iterator[list[str]]:
    head = text[:DELIMITER_SAMPLE]
    delimiter = max(DELIMITERS, key=head.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        message = f"This is no CSV: {error} in line {reader.line_num}."
        raise serializers.ValidationError({"csv": [message]}) from error
