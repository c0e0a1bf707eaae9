"""What counts as a change, and what a change leaves: a history row, and an event of the feed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from instagram.models import ChangeEvent, Post, User
from storage.models import Asset

HistoryType = Literal["+", "~"]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that appeared or changed, with its tracked values before and after.

    `before` is empty for what appeared. Values are such as JSON knows, and times.
    """

    kind: str
    object_id: str
    user: User
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def differences(row: object, said: Mapping[str, object]) -> dict[str, Any]:
    """The values that the provider said and that the row does not hold yet.

    None is "not said": a missing field changes nothing.
    """
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
    """The named values as they are now, for `Change.before` and `Change.after`."""
    return {name: getattr(row, name) for name in names}


def with_source_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with the source names of files in place of their assets, as events show them."""
    return {
        name: value.source_name if isinstance(value, Asset) else value
        for name, value in values.items()
    }


def record(changes: Iterable[Change], *, now: datetime) -> None:
    """Append the changes to the feed, in one statement; what did not change leaves nothing."""
    events = [event for change in changes if (event := _event(change, now))]
    if events:
        ChangeEvent.objects.bulk_create(events)


def record_history(rows: Iterable[tuple[User | Post, HistoryType]], *, now: datetime) -> None:
    """Insert one history row for each changed row of one model, in one statement."""
    entries = [_history_row(row, kind, now) for row, kind in rows]
    if entries:
        type(entries[0]).objects.bulk_create(entries)


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


def _history_row(row: User | Post, kind: HistoryType, now: datetime) -> Any:
    history = row.history.model
    tracked = {field.attname: getattr(row, field.attname) for field in history.tracked_fields}
    return history(history_date=now, history_type=kind, **tracked)
