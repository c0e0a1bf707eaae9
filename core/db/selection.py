"""SELECT statements that Django compiles once and PostgreSQL plans once per connection.

Compiling the same queryset for each request costs more than PostgreSQL needs to answer it. A
Selection is compiled on first use; only the keys differ from call to call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import psycopg
from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import BooleanField, F, Func, QuerySet
from psycopg.pq import Format

Row = dict[str, Any]
"""The values of one row by the names of their columns, as in `QuerySet.values()`."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Stands in the parameters of a compiled statement for a query of keys of a type."""

    type: str


class EqualsAny(Func):
    """`column = ANY(ARRAY(keys))`, where the keys are a query of one column."""

    template = "%(expressions)s = ANY(ARRAY(%%s))"
    output_field: ClassVar = BooleanField()

    def as_sql(
        self, compiler: Any, connection: Any, *arguments: Any, **context: Any
    ) -> tuple[str, Any]:
        sql, parameters = super().as_sql(compiler, connection, *arguments, **context)
        column = self.get_source_expressions()[0].output_field
        return sql, [*parameters, Keys(column.cast_db_type(connection))]


class Selection:
    """Columns of the rows of a queryset, selected by their values in the column `key`.

    The queryset must not contain values that change with time, because it is compiled once.
    """

    def __init__(self, rows: QuerySet[Any], columns: Iterable[str], *, key: str = "pk") -> None:
        self.rows = rows.filter(EqualsAny(F(key)))
        self.columns = tuple(columns)
        self._statements: dict[Any, _Statement] = {}

    def of(self, keys: Sequence[Any]) -> list[Row]:
        """The rows with these keys, in the order of the queryset. One statement."""
        statement = self._statement(None, lambda: _given(_compiled(self.rows, self.columns)))
        return self._fetched(statement.sql, [*statement.parameters, list(keys)], prepare=True)

    def within(self, keys: QuerySet[Any]) -> list[Row]:
        """The rows whose keys a query selects, in the order of that query. One statement."""
        query = keys.query
        try:
            if query.where:
                # A plan made for other values can be a bad one, as for another word of a search.
                statement = self._around(keys)
                return self._fetched(statement.sql, statement.parameters, prepare=False)
            shape = (query.order_by, query.low_mark, query.high_mark)
            statement = self._statement(shape, lambda: self._around(keys))
            return self._fetched(statement.sql, statement.parameters, prepare=True)
        except EmptyResultSet:  # such as `pk IN ()`
            return []

    def _around(self, keys: QuerySet[Any]) -> _Statement:
        """The statement for the keys that a query selects, in the order of that query."""
        order = keys.query.order_by
        outer = self._statement(order, lambda: _compiled(self.rows.order_by(*order), self.columns))
        return outer.around(*keys.query.get_compiler(DEFAULT_DB_ALIAS).as_sql())

    def _statement(self, shape: Any, make: Callable[[], _Statement]) -> _Statement:
        if shape not in self._statements:
            self._statements[shape] = make()
        return self._statements[shape]

    def _fetched(self, sql: str, parameters: Sequence[Any], *, prepare: bool) -> list[Row]:
        found = fetch(sql, parameters, prepare=prepare)
        return [dict(zip(self.columns, values, strict=True)) for values in found]


@dataclass(frozen=True, slots=True)
class _Statement:
    sql: str
    parameters: tuple[Any, ...]

    def around(self, sql: str, parameters: Iterable[Any]) -> _Statement:
        """The statement with this query of the keys, whose place its last parameter holds."""
        before, _, after = self.sql.rpartition("%s")
        return _Statement(before + sql + after, (*self.parameters[:-1], *parameters))


def _compiled(rows: QuerySet[Any], columns: Sequence[str]) -> _Statement:
    """The statement, with Keys as its last parameter."""
    compiler = rows.values_list(*columns).query.get_compiler(DEFAULT_DB_ALIAS)
    sql, parameters = compiler.as_sql()
    if not isinstance(parameters[-1], Keys):
        raise TypeError("Only ORDER BY may follow the keys, and it must not have parameters.")
    return _Statement(sql, tuple(parameters))


def _given(outer: _Statement) -> _Statement:
    """The statement for the keys in a list, which is one more parameter."""
    # PostgreSQL would plan `ANY(%s)` again for each list, because a list of few keys looks cheaper
    # than one of any length. It does not look into a query, and keeps one plan.
    return outer.around(f"SELECT unnest(%s::{outer.parameters[-1].type}[])", ())


def fetch(sql: str, parameters: Sequence[Any] = (), *, prepare: bool) -> list[Any]:
    """Execute a statement, and return its rows. JSON is parsed.

    Unlike Django's cursors it sends parameters apart from the statement, and receives values in
    their binary form, in which timestamps are not parsed by Python code.
    """
    connection.ensure_connection()
    cursor: Any = _ServerCursor(connection.connection, prepare=prepare)
    # Django's wrappers count, log and time statements, and translate errors.
    logged = connection.queries_logged
    with connection.make_debug_cursor(cursor) if logged else connection.make_cursor(cursor) as used:
        used.execute(sql, parameters)
        found: list[Any] = used.fetchall()
    return found


class _ServerCursor(psycopg.Cursor[Any]):
    """A cursor for statements that the server may prepare; Django's own binds on the client."""

    def __init__(self, connection: psycopg.Connection[Any], *, prepare: bool) -> None:
        super().__init__(connection)
        self.prepare = prepare
        self.format = Format.BINARY

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(query, params, prepare=self.prepare, **options)
