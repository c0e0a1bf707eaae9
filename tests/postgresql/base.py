"""PostgreSQL, emptied between tests by DELETE: of fifty small tables, TRUNCATE takes far longer.

What Django makes anew after each flush, always the same, stays.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base, operations

KEPT = frozenset({"django_content_type", "auth_permission", "instagram_feedclock"})


class DatabaseOperations(operations.DatabaseOperations):
    """PostgreSQL's, but for the flush."""

    def sql_flush(self, style: Any, tables: Any, **options: Any) -> list[str]:
        """Delete every row, in one go; the commit checks foreign keys, when all are gone."""
        if any(options.values()):  # sequences anew, or tables that Django does not know
            return super().sql_flush(style, tables, **options)
        names = (self.quote_name(table) for table in tables if table not in KEPT)
        return ["; ".join(f"DELETE FROM {name}" for name in names)]  # noqa: S608  names of our tables


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL's, with these operations."""

    ops_class = DatabaseOperations
