"""Inserts and updates many rows in one statement, which PostgreSQL plans once per connection.

The rows travel as one JSON document. Django's `bulk_create` and `bulk_update` put each value into
the text of a statement, which is compiled, sent and parsed for each call, at several times the cost
of the writing itself. Values are not validated and must have the types of their columns; there are
no signals. Keys and defaults that PostgreSQL makes itself are always made by it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, LiteralString, TypeAlias

import orjson
from django.db import connection, models
from psycopg import sql

from core.db.selection import fetch

Model = type[models.Model]
Field: TypeAlias = "models.Field[Any, Any]"
Values = Mapping[str, Any]
"""Values of one row by attribute name: `{"pk": 1, "width": 64}`."""


def insert(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one model in their order, and set the keys that PostgreSQL gives them.

    Raises IntegrityError if one of them exists, and ValueError if one refers to a row without key.
    """
    _insert_with_keys(rows, "")


def upsert(rows: Sequence[models.Model], *, unique: Sequence[str], updated: Sequence[str]) -> None:
    """Insert rows of one model; of those that exist by the `unique` fields, write the `updated`.

    Sets the keys of all rows.
    """
    if rows:
        _insert_with_keys(rows, _do_update(type(rows[0]), tuple(unique), tuple(updated)))


def insert_missing(rows: Sequence[models.Model]) -> int:
    """Insert the rows of one model that do not exist, in their order; return how many they were.

    Keys are not set.
    """
    return len(_inserted(rows, "ON CONFLICT DO NOTHING"))


def update_rows(model: Model, rows: Sequence[Values]) -> int:
    """Update the rows by their keys; return how many of them exist.

    All rows name the same columns, `pk` among them.
    """
    if not rows:
        return 0
    named, names = _fields(model), tuple(rows[0])
    values = [[row[name] for name in names] for row in rows]
    document = _document([named[name] for name in names], values)
    return len(fetch(_update(model, names), [document], prepare=True))


def values_of(row: models.Model, names: Iterable[str]) -> dict[str, Any]:
    """The values of these fields of a row and its key, for `update_rows`."""
    fields = [_fields(type(row))[name] for name in names]
    return {"pk": row.pk, **{field.attname: _value(row, field) for field in fields}}


def _insert_with_keys(rows: Sequence[models.Model], conflict: str) -> None:
    for row, (key,) in zip(rows, _inserted(rows, conflict), strict=True):
        row.pk = key
        row._state.adding = False  # noqa: SLF001  documented by Django


def _inserted(rows: Sequence[models.Model], conflict: str) -> list[Any]:
    """Insert the rows; return the keys of those that were inserted or updated, in their order."""
    if not rows:
        return []
    model = type(rows[0])
    fields = _written(model)
    document = _document(fields, [[_value(row, field) for field in fields] for row in rows])
    return fetch(_insert(model, conflict), [document], prepare=True)


def _value(row: models.Model, field: Any) -> Any:
    value = getattr(row, field.attname)
    if value is None and field.is_relation and (related := field.get_cached_value(row, None)):
        if related.pk is None:
            raise ValueError(f"{field.name} has no key; write it first.")
        setattr(row, field.attname, related.pk)  # it got its key after it was set
        return related.pk
    return value


def _document(fields: Sequence[Field], rows: Sequence[Sequence[Any]]) -> str:
    """The rows as a JSON list of objects, by column."""
    columns = [str(field.column) for field in fields]
    documents = [
        (column, field.encoder)
        for column, field in zip(columns, fields, strict=True)
        if isinstance(field, models.JSONField)
    ]
    objects = [dict(zip(columns, row, strict=True)) for row in rows]
    for each in objects:
        for column, encoder in documents:
            each[column] = _encoded(each[column], encoder)
    return orjson.dumps(objects).decode()


def _encoded(value: Any, encoder: type[json.JSONEncoder] | None) -> orjson.Fragment | None:
    """A value of a column of JSON; None is NULL."""
    if value is None:
        return None
    if encoder is None:
        try:
            return orjson.Fragment(orjson.dumps(value))
        except TypeError:  # an integer above 64 bits (orjson 3.13.0)
            pass
    return orjson.Fragment(json.dumps(value, cls=encoder))


@cache
def _insert(model: Model, conflict: str) -> str:
    fields = _written(model)
    return _text(
        "INSERT INTO {table} ({columns}) SELECT {columns} FROM {new} {conflict} RETURNING {key}",
        table=_table(model),
        columns=sql.SQL(", ").join(map(_column, fields)),
        new=_new(fields),
        conflict=sql.SQL(conflict),
        key=_column(_fields(model)["pk"]),
    )


@cache
def _do_update(model: Model, unique: tuple[str, ...], updated: tuple[str, ...]) -> str:
    def columns(names: Iterable[str]) -> list[sql.Identifier]:
        return [_column(_fields(model)[name]) for name in names]

    return _text(
        "ON CONFLICT ({keys}) DO UPDATE SET {assignments}",
        keys=sql.SQL(", ").join(columns(unique)),
        assignments=sql.SQL(", ").join(
            sql.SQL("{0} = EXCLUDED.{0}").format(column) for column in columns(updated)
        ),
    )


@cache
def _update(model: Model, names: tuple[str, ...]) -> str:
    fields = [_fields(model)[name] for name in names]
    key = _column(_fields(model)["pk"])
    assignments = [
        sql.SQL("{0} = new.{0}").format(_column(field))
        for field, name in zip(fields, names, strict=True)
        if name != "pk"
    ]
    statement = """
        UPDATE {table} SET {assignments} FROM {new} WHERE {table}.{key} = new.{key} RETURNING 1
    """
    return _text(
        statement,
        table=_table(model),
        assignments=sql.SQL(", ").join(assignments),
        new=_new(fields),
        key=key,
    )


@cache
def _written(model: Model) -> tuple[Field, ...]:
    """The fields whose values come from the rows; PostgreSQL makes the others itself."""
    return tuple(
        field
        for field in model._meta.concrete_fields  # noqa: SLF001  documented by Django
        if not isinstance(field, models.AutoField | models.GeneratedField)
        if not field.has_db_default()
    )


@cache
def _fields(model: Model) -> dict[str, Any]:
    """The fields that have a column, by name and by attribute name, and the key as `pk`."""
    options = model._meta  # noqa: SLF001  documented by Django in spite of its name
    fields = options.concrete_fields
    by_name = {field.name: field for field in fields} | {field.attname: field for field in fields}
    return by_name | {"pk": options.pk}


def _new(fields: Sequence[Field]) -> sql.Composed:
    """The rows of the document, which is the parameter of the statement."""
    # Without the length: varchar(8) would cut a text silently here, and the assignment to the
    # column refuses it.
    types = [re.sub(r"\(.*?\)", "", str(field.rel_db_type(connection))) for field in fields]
    columns = [
        sql.SQL("{} {}").format(_column(field), sql.SQL(name))
        for field, name in zip(fields, types, strict=True)
    ]
    return sql.SQL("json_to_recordset(%s::json) AS new({})").format(sql.SQL(", ").join(columns))


def _table(model: Model) -> sql.Identifier:
    return sql.Identifier(model._meta.db_table)  # noqa: SLF001  documented by Django


def _column(field: Field) -> sql.Identifier:
    return sql.Identifier(str(field.column))


def _text(statement: LiteralString, **parts: sql.Composable) -> str:
    return sql.SQL(statement).format(**parts).as_string(None)
