"""What counts as a change, and the history row that a change leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from instagram.models import Post, User

HistoryType = Literal["+", "~"]


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


def record_history(rows: Iterable[tuple[User | Post, HistoryType]], *, now: datetime) -> None:
    """Insert one history row for each changed row of one model, in one statement."""
    entries = [_history_row(row, kind, now) for row, kind in rows]
    if entries:
        type(entries[0]).objects.bulk_create(entries)


def _history_row(row: User | Post, kind: HistoryType, now: datetime) -> Any:
    history = row.history.model
    tracked = {field.attname: getattr(row, field.attname) for field in history.tracked_fields}
    return history(history_date=now, history_type=kind, **tracked)
