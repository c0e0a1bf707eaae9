"""COPY into a model's table: about ten times as fast as `bulk_create` for large data sets."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db import connection, models
from django.db.models.options import Options
from psycopg import sql
from psycopg.types.json import Jsonb

Row = Mapping[str, Any]
"""Column values by attribute name, such as `{"user_id": 1}`."""


def copy_rows(model: type[models.Model], rows: Iterable[Row]) -> None:
    """Write the rows in one statement. Every row has the same keys.

    Missing columns get the model's default. Primary keys that the database generates are left to
    it.
    """
    waiting = iter(rows)
    first = next(waiting, None)
    if first is None:
        return
    fields = [
        field
        for field in _options(model).concrete_fields
        # PostgreSQL computes these itself, unless the rows name a value.
        if field.attname in first or not isinstance(field, models.AutoField | models.GeneratedField)
    ]
    defaults = {field.attname: field.get_default() for field in fields}
    documents = {field.attname for field in fields if isinstance(field, models.JSONField)}
    with connection.cursor() as cursor, cursor.copy(_statement(model, fields)) as copy:
        for row in itertools.chain([first], waiting):
            values = defaults | dict(row)
            for name in documents:
                values[name] = None if values[name] is None else Jsonb(values[name])
            copy.write_row([values[field.attname] for field in fields])


def fresh_keys(model: type[models.Model], *, at_once: int = 5000) -> Iterator[int]:
    """Reserve values of the primary key's sequence."""
    options = _options(model)
    query = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"
    while True:
        with connection.cursor() as cursor:
            cursor.execute(query, [options.db_table, options.pk.column, at_once])
            numbers = [number for (number,) in cursor.fetchall()]
        yield from numbers


def _options(model: type[models.Model]) -> Options[Any]:
    return model._meta  # noqa: SLF001  documented by Django in spite of its name


def _statement(model: type[models.Model], fields: Iterable[models.Field[Any, Any]]) -> sql.Composed:
    columns = [sql.Identifier(str(field.column)) for field in fields]
    return sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(_options(model).db_table), sql.SQL(", ").join(columns)
    )
