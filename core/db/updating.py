"""Inserts and updates many rows in one statement, each with values of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, LiteralString

from django.db import connection, models
from psycopg import sql

Model = type[models.Model]
Values = Mapping[str, Any]
"""Values of one row by attribute name: `{"pk": 1, "width": 64}`."""


def update_rows(model: Model, rows: Sequence[Values], shared: Values | None = None) -> int:
    """Update the rows by their keys in one statement; return how many of them exist.

    All rows name the same columns, `pk` among them, and all get the shared values. Values are not
    validated, and columns of JSON are not supported.
    """
    if not rows:
        return 0
    shared = shared or {}
    return _execute(_update(model, tuple(rows[0]), tuple(shared)), rows, shared)


def insert_missing(model: Model, rows: Sequence[Values]) -> int:
    """Insert the rows that do not exist, in one statement and in their order; return how many.

    All rows name the same columns; the other columns get their defaults. Values are not validated,
    and columns of JSON are not supported.
    """
    if not rows:
        return 0
    named = {*rows[0], "pk", model._meta.pk.attname}  # noqa: SLF001  documented by Django
    others = {name: field for name, field in _fields(model).items() if name not in named}
    defaults = {name: field.get_default() for name, field in others.items()}
    return _execute(_insert(model, tuple(rows[0]), tuple(defaults)), rows, defaults)


def _execute(statement: str, rows: Sequence[Values], shared: Values) -> int:
    # Arrays, so that the text of the statement is the same for any number of rows. `bulk_update`
    # writes a CASE with a branch for each row and column, which costs more than the update.
    arrays = [[row[name] for row in rows] for name in rows[0]]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*shared.values(), *arrays])
        return int(cursor.rowcount)


@cache
def _update(model: Model, own: tuple[str, ...], shared: tuple[str, ...]) -> str:
    fields = _fields(model)
    columns = [_column(fields[name]) for name in own if name != "pk"]
    assignments = [
        *(sql.SQL("{} = %s").format(_column(fields[name])) for name in shared),
        *(sql.SQL("{} = new.{}").format(column, column) for column in columns),
    ]
    statement = "UPDATE {table} SET {assignments} FROM {new} WHERE {table}.{key} = new.{key}"
    return _text(
        statement,
        table=_table(model),
        assignments=sql.SQL(", ").join(assignments),
        new=_new([fields[name] for name in own]),
        key=_column(fields["pk"]),
    )


@cache
def _insert(model: Model, own: tuple[str, ...], shared: tuple[str, ...]) -> str:
    fields = _fields(model)
    columns = [_column(fields[name]) for name in own]
    statement = "INSERT INTO {table} ({columns}) SELECT {values} FROM {new} ON CONFLICT DO NOTHING"
    return _text(
        statement,
        table=_table(model),
        columns=sql.SQL(", ").join([*(_column(fields[name]) for name in shared), *columns]),
        values=sql.SQL(", ").join([*(_cast(fields[name]) for name in shared), *columns]),
        new=_new([fields[name] for name in own]),
    )


def _fields(model: Model) -> dict[str, Any]:
    """The fields that have a column, by attribute name, and the key as `pk`."""
    options = model._meta  # noqa: SLF001  documented by Django in spite of its name
    return {field.attname: field for field in options.concrete_fields} | {"pk": options.pk}


def _new(fields: Sequence[models.Field[Any, Any]]) -> sql.Composed:
    """The rows, one array for each column."""
    arrays = sql.SQL(", ").join(sql.SQL("{}[]").format(_cast(field)) for field in fields)
    columns = sql.SQL(", ").join(map(_column, fields))
    return sql.SQL("unnest({}) AS new({})").format(arrays, columns)


def _cast(field: models.Field[Any, Any]) -> sql.SQL:
    # Without the length: a cast to varchar(8) would cut a text silently, and the assignment to the
    # column refuses it.
    base = re.sub(r"\(.*?\)", "", str(field.rel_db_type(connection)))
    return sql.SQL(f"%s::{base}")


def _table(model: Model) -> sql.Identifier:
    return sql.Identifier(model._meta.db_table)  # noqa: SLF001  documented by Django


def _column(field: models.Field[Any, Any]) -> sql.Identifier:
    return sql.Identifier(str(field.column))


def _text(statement: LiteralString, **parts: sql.Composable) -> str:
    return sql.SQL(statement).format(**parts).as_string(None)
