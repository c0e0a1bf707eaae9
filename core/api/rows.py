"""Serializers that show plain rows instead of model instances.

A RowSerializer declares an object of the API once. OpenAPI takes names and types from its fields,
and the columns to read follow from them too. Building model instances, and the fields of each
serializer for each request, was three quarters of the CPU time of a page.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self, TypeVar, runtime_checkable

from django.db.models import QuerySet
from rest_framework import serializers

from core.db.selection import KeyQuery, Row, Selection

Shown = dict[str, Any]
Rows = Callable[[], "QuerySet[Any]"]
Show = Callable[[Row], Any]
Method = TypeVar("Method", bound=Callable[..., Any])

PARENT = "parent"
"""The annotation of rows that are listed within an object: the key of that object."""


@runtime_checkable
class Computed(Protocol):
    """A field that shows something else than one column."""

    reads: tuple[str, ...]

    def show(self, row: Row) -> Any:
        """Return the JSON value. The row has the columns in `reads`."""


def reads(*columns: str) -> Callable[[Method], Method]:
    """Declare the columns that the method of a SerializerMethodField takes from its row."""

    def declare(method: Method) -> Method:
        vars(method)["reads"] = columns
        return method

    return declare


class RowSerializer(serializers.ModelSerializer[Any]):
    """Shows rows of a model. Each of its fields is one of these:

    - a column: the name of the field, or its `source`, is a path from the model or an annotation
    - a SerializerMethodField: its method gets the row and declares its columns with `reads`
    - a field with `reads` and `show` (see Computed)
    - another RowSerializer: one object, found by the key in the column `<name>_id`
    - another RowSerializer with `many=True`: a list, whose rows stand in `lists`
    - a plain Serializer: columns that are read over a join
    """

    rows: ClassVar[Rows]
    """All rows that can be shown. They must not depend on the time or on the request."""
    lists: ClassVar[Mapping[str, Rows]] = {}
    """For each list within the object: its rows in order, annotated with PARENT."""

    @classmethod
    def select(cls, keys: KeyQuery, *columns: str) -> list[Row]:
        """Return the rows whose primary keys a query selects, in its order. One statement.

        `columns` are read in addition to those that are shown.
        """
        return _selection(cls, cls.rows, columns=columns).within(keys)

    @classmethod
    def get(cls, *keys: Any) -> list[Row]:
        """Return the rows with these primary keys, as far as they exist. One statement."""
        return _selection(cls, cls.rows).of(keys)

    @classmethod
    def read(cls, rows: QuerySet[Any], *columns: str) -> list[Row]:
        """Return the rows of a queryset that differs from call to call. One statement."""
        columns = (*_shape(cls).columns, *columns)
        return [dict(zip(columns, found, strict=True)) for found in rows.values_list(*columns)]

    @classmethod
    def showing(cls, context: Mapping[str, Any]) -> Self:
        """A serializer that can only show rows, without the work of the constructor.

        The constructor of a field collects the messages of all errors that validation can find.
        """
        serializer = cls.__new__(cls)
        serializer.parent = None  # type: ignore[assignment]  # as `Field` says of a root
        serializer._context = context  # noqa: SLF001  what `context` of the framework reads
        return serializer

    def show(self, rows: Sequence[Row]) -> list[Shown]:
        """Return the objects of these rows. One statement for each kind of object within them.

        A row is left out if the object that it belongs to was deleted after the row was read.
        """
        shape = _shape(type(self))
        for name, child in shape.objects.items():
            rows = self._with_objects(rows, name, child)
        for name, child in shape.lists.items():
            rows = self._with_lists(rows, name, child)
        methods: dict[str, Show] = {
            name: getattr(self, method) for name, method in shape.methods.items()
        }
        return [self.finish(shape.shown(row, methods), row) for row in rows]

    def finish(self, shown: Shown, row: Row) -> Shown:  # noqa: ARG002  for subclasses
        """Complete an object by what depends on its other values."""
        return shown

    def _with_objects(
        self, rows: Sequence[Row], name: str, child: type[RowSerializer]
    ) -> list[Row]:
        key = f"{name}_id"
        found = _selection(child, child.rows).of(list({row[key] for row in rows}))
        shown = child.showing(self.context).show(found)
        by_key = {row["pk"]: each for row, each in zip(found, shown, strict=True)}
        return [row | {name: by_key[row[key]]} for row in rows if row[key] in by_key]

    def _with_lists(self, rows: Sequence[Row], name: str, child: type[RowSerializer]) -> list[Row]:
        selection = _selection(child, self.lists[name], key=PARENT)
        found = selection.of([row["pk"] for row in rows])
        by_parent: defaultdict[Any, list[Shown]] = defaultdict(list)
        for row, shown in zip(found, child.showing(self.context).show(found), strict=True):
            by_parent[row[PARENT]].append(shown)
        return [row | {name: by_parent[row["pk"]]} for row in rows]


@dataclass
class _Shape:
    """What the fields of a RowSerializer mean for reading and for showing a row."""

    names: tuple[str, ...]
    columns: tuple[str, ...] = ()
    plain: dict[str, str] = field(default_factory=dict)
    methods: dict[str, str] = field(default_factory=dict)
    computed: dict[str, Computed] = field(default_factory=dict)
    joined: dict[str, dict[str, str]] = field(default_factory=dict)
    objects: dict[str, type[RowSerializer]] = field(default_factory=dict)
    lists: dict[str, type[RowSerializer]] = field(default_factory=dict)

    def shown(self, row: Row, methods: Mapping[str, Show]) -> Shown:
        shown: Shown = dict.fromkeys(self.names)  # in the declared order
        shown.update(zip(self.plain, [row[column] for column in self.plain.values()], strict=True))
        for name, computed in self.computed.items():
            shown[name] = computed.show(row)
        for name, show in methods.items():
            shown[name] = show(row)
        for name, columns in self.joined.items():
            shown[name] = {inner: row[column] for inner, column in columns.items()}
        return shown


@functools.cache
def _shape(serializer: type[RowSerializer]) -> _Shape:
    shape = _Shape(names=tuple(serializer.Meta.fields))
    declared = serializer().get_fields()
    columns = {"pk"}
    for name in shape.names:
        columns |= set(_added(shape, serializer, name, declared[name]))
    shape.columns = tuple(sorted(columns))
    return shape


def _added(
    shape: _Shape, serializer: type[RowSerializer], name: str, declared: Any
) -> Iterator[str]:
    """Add a field to the shape, and yield the columns that it needs."""
    if isinstance(declared, serializers.ListSerializer) and isinstance(
        declared.child, RowSerializer
    ):
        shape.lists[name], shape.plain[name] = type(declared.child), name
    elif isinstance(declared, RowSerializer):
        shape.objects[name], shape.plain[name] = type(declared), name
        yield f"{name}_id"
    elif isinstance(declared, serializers.SerializerMethodField):
        shape.methods[name] = declared.method_name or f"get_{name}"
        yield from getattr(serializer, shape.methods[name]).reads
    elif isinstance(declared, Computed):
        shape.computed[name] = declared
        yield from declared.reads
    elif isinstance(declared, serializers.Serializer):
        shape.joined[name] = {inner: f"{name}__{inner}" for inner in map(str, declared.fields)}
        yield from shape.joined[name].values()
    else:
        shape.plain[name] = (declared.source or name).replace(".", "__")
        yield shape.plain[name]


@functools.cache
def _selection(
    serializer: type[RowSerializer], rows: Rows, *, key: str = "pk", columns: tuple[str, ...] = ()
) -> Selection:
    own = _shape(serializer).columns
    return Selection(rows(), dict.fromkeys((*own, *columns, key)), key=key)
