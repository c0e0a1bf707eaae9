"""Collects the records and the rejected entries of a list into a page."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from core.utils.errors import UnexpectedPayload
from instagram.archiving.parse import unwrap, values
from instagram.archiving.records import Page, Record


class Identified(Protocol):
    @property
    def instagram_id(self) -> str: ...


IdentifiedRecord = TypeVar("IdentifiedRecord", bound=Identified)


class Unreadable(Exception):
    """An item cannot be read. `key` names the missing or invalid value."""

    def __init__(self, key: str, message: str = "missing or of an unknown kind") -> None:
        super().__init__(message)
        self.key = key

    def at(self, path: str, raw: object) -> UnexpectedPayload:
        """The error for the parser's caller, with the path of the item in the answer."""
        item = unwrap.entry(raw)
        item_id = values.bare_id(item.get("pk"), item.get("id"), item.get("pk_id")) or ""
        return UnexpectedPayload(str(self), path=f"{path}.{self.key}", raw=raw, item_id=item_id)


@dataclass(frozen=True, slots=True)
class Rejected:
    reason: Unreadable
    raw: object


def attempt(read: Callable[[object], Record], entry: object) -> Record | Rejected:
    """Read one entry; returns a Rejected if it cannot be read."""
    # A value and not an exception, so that one unknown item does not cost the rest of the list.
    try:
        return read(entry)
    except Unreadable as reason:
        return Rejected(reason, entry)


def page(
    noun: str,
    outcomes: Iterable[Record | Rejected],
    next_cursor: str | None = None,
    *,
    missing: int | None = None,
) -> Page[Record]:
    """Collect the outcomes in order, without duplicate records."""
    records: list[Record] = []
    rejected: list[UnexpectedPayload] = []
    for index, outcome in enumerate(outcomes):
        if isinstance(outcome, Rejected):
            rejected.append(outcome.reason.at(f"{noun}[{index}]", outcome.raw))
        else:
            records.append(outcome)
    return Page(unique(records), tuple(rejected), next_cursor, missing)


def unique(records: Iterable[IdentifiedRecord]) -> tuple[IdentifiedRecord, ...]:
    """The records in order; of records with the same id only the first."""
    kept: dict[str, IdentifiedRecord] = {}
    for record in records:
        kept.setdefault(record.instagram_id, record)
    return tuple(kept.values())
