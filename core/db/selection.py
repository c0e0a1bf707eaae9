"""SELECT statements that Django compiles once and PostgreSQL plans once per connection.

Compiling the same queryset for each request costs more than PostgreSQL needs to answer it. A
Selection is compiled on first use. The keys differ from call to call. They are a list, or a
KeyQuery, which is compiled once as well.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar

import psycopg
from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import BooleanField, Expression, F, Field, Func, QuerySet
from psycopg.pq import Format

Row = dict[str, Any]
"""The values of one row by the names of their columns, as in `QuerySet.values()`."""

LOST = (psycopg.errors.InvalidSqlStatementName, psycopg.errors.DuplicatePreparedStatement)
LOST_HINT = (
    "PostgreSQL has lost a prepared statement. A pooler such as PgBouncer in transaction mode has "
    "changed the session: set DATABASE_PREPARED_STATEMENTS=false"
)
MAX_STATEMENTS = 500
"""The statements that a Selection keeps, of about 3 KB each."""

# Scans in one statement. PostgreSQL does not execute a query whose condition is only about
# counts, and is false.
SCAN = (
    "scan_{number}(key) AS MATERIALIZED (SELECT * FROM ({sql}) AS k"
    " WHERE {found} >= {least} LIMIT greatest({limit} - ({found}), 0))"
)
COUNT = "(SELECT count(*) FROM scan_{number})"
KEYS = "SELECT key FROM scan_{number}"
OTHERWISE = "SELECT * FROM ({sql}) AS k WHERE {found} < {limit}"


@dataclass(frozen=True, slots=True)
class Keys:
    """Stands in the parameters of a compiled statement for a query of keys of a type."""

    type: str


class Given(Expression):
    """Stands in a queryset for a value that differs from call to call."""

    def __init__(self, name: str, field: Field[Any, Any]) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, _compiler: Any, connection: Any) -> tuple[str, Any]:
        # PostgreSQL would plan again for each value that promises fewer rows than an unknown one.
        # It does not look into a query.
        return f"(SELECT %s::{self.output_field.cast_db_type(connection)})", [self]

    def of(self, values: Mapping[str, Any]) -> Any:
        """The value of this name, with the type of its column."""
        # A bare integer would be sent with the smallest type that holds it, and Django's default of
        # 32 bits would lose the others (findings/django-psycopg-value-loses-bits.sh).
        return self.output_field.get_db_prep_value(values[self.name], connection)


@dataclass(frozen=True, slots=True)
class KeyQuery:
    """A query of keys, and the values of the Given in it.

    Queries of the same `shape` differ in these values only, and are compiled once. One that has no
    shape is compiled for each call. If there are `scans`, the keys are those that they find, and
    those of the query if they find fewer than its limit.
    """

    shape: Hashable | None
    build: Callable[[], QuerySet[Any]]
    values: Mapping[str, Any]
    scans: Callable[[], Sequence[Scan]] = tuple


@dataclass(frozen=True, slots=True)
class Scan:
    """A query of keys, from some rows in place of all rows of the table.

    The rows of the scans follow each other in the order of the KeyQuery. A scan is only made if
    those before it have found at least `least` keys, and fewer than the limit.
    """

    keys: QuerySet[Any]
    rows: QuerySet[Any]
    least: int = 0


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

    The queryset must not contain values that change with time, because it is compiled once. Pass
    `prepare=False` if a connection may use it while the table grows from nothing: PostgreSQL keeps
    a plan for an empty table until the table is analysed.
    """

    def __init__(
        self, rows: QuerySet[Any], columns: Iterable[str], *, key: str = "pk", prepare: bool = True
    ) -> None:
        self.rows = rows.filter(EqualsAny(F(key)))
        self.columns = tuple(columns)
        self.prepare = prepare
        self._statements: dict[Hashable, _Statement] = {}

    def of(self, keys: Sequence[Any]) -> list[Row]:
        """The rows with these keys, in the order of the queryset. One statement."""
        statement = self._statement(None, lambda: _given(_compiled(self.rows, self.columns)))
        parameters = [*statement.parameters, list(keys)]
        return self._fetched(statement.sql, parameters, prepare=self.prepare)

    def within(self, keys: KeyQuery) -> list[Row]:
        """The rows whose keys a query selects, in the order of that query. One statement."""
        try:
            if keys.shape is None:
                statement = self._around(keys)
            else:
                statement = self._statement(keys.shape, lambda: self._around(keys))
        except EmptyResultSet:  # such as `pk IN ()`
            return []
        parameters = [
            each.of(keys.values) if isinstance(each, Given) else each
            for each in statement.parameters
        ]
        # A plan made for other values can be a bad one, as for another word of a search.
        prepare = self.prepare and keys.shape is not None
        return self._fetched(statement.sql, parameters, prepare=prepare)

    def _around(self, keys: KeyQuery) -> _Statement:
        """The statement for the keys that a query selects, in the order of that query."""
        rows = keys.build()
        order = rows.query.order_by
        outer = self._statement(order, lambda: _compiled(self.rows.order_by(*order), self.columns))
        selected, limit, scans = _sql(rows.values("pk")), rows.query.high_mark, keys.scans()
        if scans and limit is not None:
            selected = _scanned(scans, selected, limit=limit)
        return outer.around(selected)

    def _statement(self, shape: Hashable, make: Callable[[], _Statement]) -> _Statement:
        statement = self._statements.get(shape)
        if statement is None:
            statement = make()
            if len(self._statements) >= MAX_STATEMENTS:
                self._statements.clear()
            self._statements[shape] = statement
        return statement

    def _fetched(self, sql: str, parameters: Sequence[Any], *, prepare: bool) -> list[Row]:
        found = fetch(sql, parameters, prepare=prepare)
        return [dict(zip(self.columns, values, strict=True)) for values in found]


@dataclass(frozen=True, slots=True)
class _Statement:
    sql: str
    parameters: tuple[Any, ...] = ()

    def around(self, keys: _Statement) -> _Statement:
        """The statement with this query of the keys, whose place its last parameter holds."""
        before, _, after = self.sql.rpartition("%s")
        return _Statement(before + keys.sql + after, (*self.parameters[:-1], *keys.parameters))


def _sql(rows: QuerySet[Any]) -> _Statement:
    sql, parameters = rows.query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
    return _Statement(sql, tuple(parameters))


def _compiled(rows: QuerySet[Any], columns: Sequence[str]) -> _Statement:
    """The statement, with Keys as its last parameter."""
    statement = _sql(rows.values_list(*columns))
    if not isinstance(statement.parameters[-1], Keys):
        raise TypeError("Only ORDER BY may follow the keys, and it must not have parameters.")
    return statement


def _given(outer: _Statement) -> _Statement:
    """The statement for the keys in a list, which is one more parameter."""
    # PostgreSQL would plan `ANY(%s)` again for each list, because a list of few keys looks cheaper
    # than one of any length (findings/postgresql-any-is-planned-each-time.sh). It keeps one plan
    # for a query, into which it does not look.
    return outer.around(_Statement(f"SELECT unnest(%s::{outer.parameters[-1].type}[])"))


def _scanned(scans: Sequence[Scan], otherwise: _Statement, *, limit: int) -> _Statement:
    """The keys that the scans find, and those of the other query if they find too few."""
    made, keys, found = [], [], "0"
    parameters: list[Any] = []
    for number, scan in enumerate(scans):
        within = _within(scan.rows, _sql(scan.keys.values("pk")))
        facts = {"number": number, "found": found, "least": scan.least, "limit": limit}
        made.append(SCAN.format(sql=within.sql, **facts))
        keys.append(KEYS.format(number=number))
        parameters += within.parameters
        found += f" + {COUNT.format(number=number)}"
    keys.append(OTHERWISE.format(sql=otherwise.sql, found=found, limit=limit))
    sql = f"WITH {', '.join(made)} {' UNION ALL '.join(keys)}"
    return _Statement(sql, (*parameters, *otherwise.parameters))


def _within(rows: QuerySet[Any], selected: _Statement) -> _Statement:
    """The query of keys, from these rows in place of all rows of the table."""
    options = rows.model._meta  # noqa: SLF001  documented
    table = connection.ops.quote_name(options.db_table)
    used = [
        field.attname
        for field in options.concrete_fields
        if f"{table}.{connection.ops.quote_name(field.column)}" in selected.sql
    ]
    whole = _sql(rows.values_list(*used))
    sql = selected.sql.replace(f" FROM {table} ", f" FROM ({whole.sql}) AS {table} ", 1)
    return _Statement(sql, (*whole.parameters, *selected.parameters))


def fetch(sql: str, parameters: Sequence[Any] = (), *, prepare: bool) -> list[Any]:
    """Execute a statement, and return its rows. JSON is parsed.

    Unlike Django's cursors it sends parameters apart from the statement, and receives values in
    their binary form, in which timestamps are not parsed by Python code.
    """
    database = connections[DEFAULT_DB_ALIAS]  # `connection` looks it up for each attribute
    database.ensure_connection()
    cursor: Any = _ServerCursor(database.connection, prepare=prepare)
    # Django's wrappers count, log and time statements, and translate errors.
    logged = database.queries_logged
    with database.make_debug_cursor(cursor) if logged else database.make_cursor(cursor) as used:
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
        try:
            executed = super().execute(query, params, prepare=self.prepare, **options)
        except LOST as error:
            raise type(error)(LOST_HINT) from error
        # Django's log of statements takes the text from here; psycopg leaves it empty if prepared.
        self._query: Any = SimpleNamespace(query=query.encode())
        return executed
