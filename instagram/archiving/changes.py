"""Compares rows with records, and stores changes as history rows and events of the feed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from core.db import writing
from instagram.models import ChangeEvent, Post, User
from storage.models import Asset

HistoryType = Literal["+", "~"]


@dataclass(frozen=True, slots=True)
class Change:
    """An object that appeared or changed, with its tracked values before and after.

    `before` is empty if the object appeared. Values are JSON values and times.
    """

    kind: str
    object_id: str
    user: User
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def differences(row: object, said: Mapping[str, object]) -> dict[str, Any]:
    """The values of the answer that differ from those of the row."""
    # None means that the answer lacks the field: a short answer must not empty columns.
    return {
        name: value
        for name, value in said.items()
        if value is not None and getattr(row, name) != value
    }


def apply(row: object, changed: Mapping[str, Any]) -> None:
    """Set the changed values on the row, in memory."""
    for name, value in changed.items():
        setattr(row, name, value)


def values(row: object, names: Iterable[str]) -> dict[str, Any]:
    """The row's present values, for `Change.before` and `Change.after`."""
    return {name: getattr(row, name) for name in names}


def with_source_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as events show them: with the source names of files in place of assets."""
    # Signed URLs differ in every answer; the source name stays the same.
    return {
        name: value.source_name if isinstance(value, Asset) else value
        for name, value in values.items()
    }


def record(changes: Iterable[Change], *, now: datetime) -> None:
    """Append the changes to the feed in one statement, without those whose values are equal."""
    writing.insert([event for change in changes if (event := _event(change, now))])


def record_history(rows: Iterable[tuple[User | Post, HistoryType]], *, now: datetime) -> None:
    """Insert one history row for each changed row of one model, in one statement."""
    changed = [*rows]
    if not changed:
        return
    # Once: django-simple-history builds a class of managers for each look at `history`.
    model: Any = type(changed[0][0]).history.model
    names = [field.attname for field in model.tracked_fields]
    # Written here and not by the signals of django-simple-history, which bulk writes do not send.
    writing.insert(
        [
            model(
                history_date=now,
                history_type=kind,
                **{name: getattr(row, name) for name in names},
            )
            for row, kind in changed
        ]
    )


def _event(change: Change, now: datetime) -> ChangeEvent | None:
    fields = {
        name: {"old": change.before.get(name), "new": value}
        for name, value in change.after.items()
        if change.before.get(name) != value
    }
    if not fields:
        return None
    event = ChangeEvent.Event.CHANGED if change.before else ChangeEvent.Event.APPEARED
    return ChangeEvent(
        kind=change.kind,
        object_id=change.object_id,
        user=change.user,
        event=event,
        fields=fields,
        seen_at=now,
    )
