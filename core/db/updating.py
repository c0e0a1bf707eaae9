"""Updates many rows in one statement, each with values of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, models
from psycopg import sql

Values = Mapping[str, Any]
"""New values of one row by attribute name, and its key under `pk`: `{"pk": 1, "width": 64}`."""


def update_rows(model: type[models.Model], rows: Sequence[Values]) -> int:
    """Update the rows by their keys in one statement; return how many of them exist.

    All rows name the same columns. Values are not validated, and columns of JSON are not supported.
    """
    if not rows:
        return 0
    options = model._meta  # noqa: SLF001  documented by Django in spite of its name
    known = {field.attname: field for field in options.concrete_fields} | {"pk": options.pk}
    fields = [known[name] for name in rows[0]]
    # Arrays, so that the text of the statement is the same for any number of rows. `bulk_update`
    # writes a CASE with a branch for each row and column, which costs more than the update.
    arrays = [[row[name] for row in rows] for name in rows[0]]
    with connection.cursor() as cursor:
        cursor.execute(_statement(options.db_table, options.pk, fields), arrays)
        return int(cursor.rowcount)


def _statement(
    table: str, key: models.Field[Any, Any], fields: Sequence[models.Field[Any, Any]]
) -> sql.Composed:
    columns = [sql.Identifier(str(field.column)) for field in fields]
    assignments = [
        sql.SQL("{} = new.{}").format(column, column)
        for field, column in zip(fields, columns, strict=True)
        if field is not key
    ]
    return sql.SQL(
        "UPDATE {table} SET {assignments} FROM unnest({arrays}) AS new({columns})"
        " WHERE {table}.{key} = new.{key}"
    ).format(
        table=sql.Identifier(table),
        assignments=sql.SQL(", ").join(assignments),
        arrays=sql.SQL(", ").join(map(_array, fields)),
        columns=sql.SQL(", ").join(columns),
        key=sql.Identifier(str(key.column)),
    )


def _array(field: models.Field[Any, Any]) -> sql.Composable:
    # Without the length: a cast to varchar(8) would cut a text silently, and the assignment to the
    # column refuses it.
    base = re.sub(r"\(.*?\)", "", str(field.rel_db_type(connection)))
    return sql.SQL(f"%s::{base}[]")
