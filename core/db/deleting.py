"""Bulk deletion."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet


def delete_at_once(rows: QuerySet[Any]) -> int:
    """Delete the rows in one statement; returns how many.

    `delete()` would load the rows, follow all foreign keys, and write a history row for each. The
    caller guarantees that no row refers to them, or deletes those first in the same transaction.
    """
    return rows._raw_delete(rows.db)  # noqa: SLF001  Django has no public way without all that
