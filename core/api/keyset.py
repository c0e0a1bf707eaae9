"""Keyset pagination: no COUNT, and rows inserted meanwhile cause no duplicates.

A position is the value of the ordering field and the primary key of a row, so that rows with equal
values have an order too. Rows without a value come last in both directions. They are read as a
separate segment, so that each segment is a plain range of one index.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, F, Field, Func, IntegerField, Model, QuerySet
from django.db.models.lookups import GreaterThan, LessThan

from core.db import search
from core.db.search import SearchQuerySet, Word
from core.db.selection import Given, KeyQuery, Row, Scan

SCANNED = (400, 1000, 5000)
"""How many of the first rows of a list a search reads: the least, more, and the most.

PostgreSQL needs 0.3 to 1 ms for 400. It reads more if they have the words, and the most if 1,000
fill an eighth of the page: more common words are found sooner in the list than by the index.
"""
MAX_PLANNED_WORDS = 3
"""PostgreSQL keeps no plan for a search of more words, because each plan takes memory."""
MAX_CURSOR_LENGTH = 4000  # about the longest request line that web servers accept


Read = Callable[[KeyQuery], list[Row]]
"""Reads the rows of a query in its order, each with `pk` and the column of the order."""


class BadCursor(ValueError):
    """The text is not a cursor of this list in this order."""


class RowValue(Func):
    """`ROW(a, b)`, which PostgreSQL compares column by column and finds in an index on both."""

    function = "ROW"
    output_field = Field()


@dataclass(frozen=True, slots=True)
class Cursor:
    """The position after one row, or before it when paging backwards."""

    value: Any
    pk: Any
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """The rows of a list, and what a client wants of them.

    Each row has the values of `owner` in these fields, and contains the `words`; a SearchQuerySet
    finds them. The queryset could be filtered by both, but would be compiled for each call, as
    `filtered` is: the rows that meet all other conditions of the client, None if it has none.
    """

    rows: QuerySet[Any]
    owner: Mapping[str, Any]
    words: tuple[str, ...] = ()
    filtered: QuerySet[Any] | None = None

    @property
    def is_planned_once(self) -> bool:
        """Whether one statement can be kept for all words and owners."""
        has_own_conditions = self.filtered is not None or bool(self.rows.query.where)
        return not has_own_conditions and len(self.words) <= MAX_PLANNED_WORDS

    def by_index(self) -> QuerySet[Any]:
        """The rows that the client wants."""
        if not self.words:
            return self._chosen
        return cast("SearchQuerySet[Any]", self._chosen).matching(self._given)

    def by_reading(self) -> QuerySet[Any]:
        """The rows with the words that the client wants, found by comparing each row."""
        return cast("SearchQuerySet[Any]", self._chosen).reading(self._given)

    @property
    def _chosen(self) -> QuerySet[Any]:
        return self.rows if self.filtered is None else self.filtered

    @property
    def _given(self) -> list[Word]:
        return [Word.given(number) for number, _ in enumerate(self.words)]


@dataclass(frozen=True, slots=True)
class KeysetPage:
    """Rows in list order and the cursors of the neighbouring pages."""

    rows: list[Row]
    previous: Cursor | None = None
    next: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A plain range of one index: the rows with or without a value, maybe beyond a cursor."""

    descending: bool
    has_value: bool
    is_beyond: bool
    limit: int


class Keyset:
    """One order of a model's rows, such as `-created_at`.

    If a model orders by another column than it shows, ORDERED_BY maps the shown one to it.
    """

    def __init__(self, model: type[Model], ordering: str) -> None:
        options = model._meta  # noqa: SLF001  documented API of models
        self.ordering = ordering
        name = ordering.removeprefix("-")
        column: str = getattr(model, "ORDERED_BY", {}).get(name, name)
        self.label = options.label_lower
        self.field: Field[Any, Any] = cast("Field[Any, Any]", options.get_field(column))
        self.pk: Field[Any, Any] = options.pk

    def page(self, listed: Listed, cursor: Cursor | None, size: int, *, read: Read) -> KeysetPage:
        """Up to `size` rows from the cursor. One more is read to see if there is a next page."""
        found = self._rows(listed, cursor, size + 1, read)
        shown, more = found[:size], len(found) > size
        if not shown:
            return KeysetPage([])
        if cursor and cursor.backwards:
            shown.reverse()
            return KeysetPage(
                shown, self._before(shown[0]) if more else None, self._behind(shown[-1])
            )
        return KeysetPage(
            shown,
            previous=self._before(shown[0]) if cursor else None,
            next=self._behind(shown[-1]) if more else None,
        )

    def encode(self, cursor: Cursor) -> str:
        """Encode a cursor as text that is valid for this order only."""
        facts = [self.label, self.ordering, cursor.backwards, cursor.value, cursor.pk]
        text = json.dumps(facts, default=_plain, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def decode(self, text: str) -> Cursor:
        """Decode a client's cursor. Raises BadCursor."""
        try:
            label, ordering, backwards, value, pk = json.loads(_unwrapped(text))
        except (ValueError, TypeError, RecursionError) as error:
            raise BadCursor from error
        if [label, ordering] != [self.label, self.ordering] or not isinstance(backwards, bool):
            raise BadCursor
        if value is not None or not self.field.null:
            value = _typed(self.field, value)
        return Cursor(value, _typed(self.pk, pk), backwards)

    def _before(self, row: Row) -> Cursor:
        return Cursor(row[self.field.attname], row["pk"], backwards=True)

    def _behind(self, row: Row) -> Cursor:
        return Cursor(row[self.field.attname], row["pk"])

    def _rows(self, listed: Listed, cursor: Cursor | None, limit: int, read: Read) -> list[Row]:
        found: list[Row] = []
        for has_value in self._segments(cursor):
            if len(found) < limit:
                segment = self._segment(cursor, has_value=has_value, limit=limit - len(found))
                found += read(self._query(listed, segment, cursor))
        return found

    def _segments(self, cursor: Cursor | None) -> list[bool]:
        """The segments ahead in reading order: rows with a value (True) or without (False)."""
        if not self.field.null:
            return [True]
        order = [False, True] if cursor and cursor.backwards else [True, False]
        return order[order.index(cursor.value is not None) :] if cursor else order

    def _segment(self, cursor: Cursor | None, *, has_value: bool, limit: int) -> Segment:
        return Segment(
            descending=self.ordering.startswith("-") != bool(cursor and cursor.backwards),
            has_value=has_value,
            is_beyond=cursor is not None and (cursor.value is not None) == has_value,
            limit=limit,
        )

    def _query(self, listed: Listed, segment: Segment, cursor: Cursor | None) -> KeyQuery:
        """The rows that the client wants."""
        shape = (self.ordering, segment, len(listed.words), *listed.owner)
        position = {"cursor_value": cursor.value, "cursor_pk": cursor.pk} if cursor else {}
        return KeyQuery(
            shape if listed.is_planned_once else None,
            lambda: self._wanted(listed, segment),
            {**listed.owner, **search.given_values(listed.words), **position},
            lambda: self._scans(listed, segment) if listed.words else (),
        )

    def _wanted(self, listed: Listed, segment: Segment) -> QuerySet[Any]:
        rows = self._range(listed.by_index(), listed.owner, segment)
        if not listed.words:
            return self._first(rows, segment)
        # PostgreSQL does not know how rare a word is, and might read a whole list in this order.
        order = RowValue(*map(F, self._names(segment)))
        return rows.order_by(order.desc() if segment.descending else order)[: segment.limit]

    def _scans(self, listed: Listed, segment: Segment) -> list[Scan]:
        """The wanted rows among the first ones, which are enough for a common word.

        PostgreSQL expects few rows for every word, and would collect and sort all rows with it.
        """
        keys = self._first(self._range(listed.by_reading(), listed.owner, segment), segment)
        rows = self._ordered(self._range(listed.rows, listed.owner, segment), segment)
        least = (0, 1, max(segment.limit // 8, 1))
        ends = pairwise((0, *SCANNED))
        return [Scan(keys, rows[a:b], found) for (a, b), found in zip(ends, least, strict=True)]

    def _range(self, rows: QuerySet[Any], owner: Iterable[str], segment: Segment) -> QuerySet[Any]:
        """The rows of the segment."""
        for name in owner:
            rows = rows.filter(**{name: Given(name, rows.model._meta.get_field(name))})  # noqa: SLF001  documented
        if self.field.null:
            rows = rows.filter(**{f"{self.field.name}__isnull": not segment.has_value})
        if segment.is_beyond:
            beyond = LessThan if segment.descending else GreaterThan
            position = [Given("cursor_pk", self.pk)]
            if segment.has_value:
                position.insert(0, Given("cursor_value", self.field))
            names = map(F, self._names(segment))
            rows = rows.filter(beyond(RowValue(*names), RowValue(*position)))
        return rows

    def _first(self, rows: QuerySet[Any], segment: Segment) -> QuerySet[Any]:
        """The first rows in the order of the list."""
        return self._ordered(rows, segment)[: segment.limit]

    def _ordered(self, rows: QuerySet[Any], segment: Segment) -> QuerySet[Any]:
        sign = "-" if segment.descending else ""
        return rows.order_by(*(sign + name for name in self._names(segment)))

    def _names(self, segment: Segment) -> list[str]:
        return [self.field.name, "pk"] if segment.has_value else ["pk"]


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _unwrapped(text: str) -> bytes:
    if len(text) > MAX_CURSOR_LENGTH:
        raise BadCursor
    padding = "=" * (-len(text) % 4)
    return base64.b64decode(text + padding, altchars=b"-_", validate=True)


def _typed(field: Field[Any, Any], plain: object) -> Any:
    """The value in the form that the database compares. Raises BadCursor if it has none."""
    if isinstance(plain, bool) or not isinstance(plain, str | int):
        raise BadCursor
    try:
        str(plain).encode()  # rejects lone surrogates
        value = _instant(str(plain)) if isinstance(field, DateTimeField) else field.to_python(plain)
        if isinstance(field, IntegerField):
            field.run_validators(value)  # a number that is too large for the column
    except (ValueError, OverflowError, ValidationError) as error:
        raise BadCursor from error
    if "\0" in str(value):
        raise BadCursor
    return value


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise BadCursor
    return instant.astimezone(UTC)  # PostgreSQL does not accept every offset
