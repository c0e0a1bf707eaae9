"""Other apps look on while a page is stored, inside its transaction.

    observers.register("evidence", note)    # in AppConfig.ready

    def note(captured: Captured) -> None:
        Note.objects.bulk_create(Note(post_id=pk) for kind, pk in captured.new if kind == "post")

What an observer writes is committed with the page, or not at all. It must not call the outside,
because the transaction would stay open meanwhile. What it raises undoes the page and fails the run.
A page that was undone by a conflict is stored again, and observed again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from core.registry import Registry
from instagram.models import ChangeEvent, User


class Thing(NamedTuple):
    """A profile, post, story or highlight; its kind as in the change feed."""

    kind: str
    pk: str


@dataclass(frozen=True, slots=True)
class Captured:
    """What a page has changed: the rows that are new, and those whose tracked values are.

    `user` is the profile of the run. Things of others may be among them, such as coauthors and
    their posts. `stream` is a `RunStream.Name`.
    """

    user: User
    stream: str
    new: tuple[Thing, ...]
    edited: tuple[Thing, ...]


Observer = Callable[[Captured], None]

_observers: Registry[Observer] = Registry()


def register(name: str, observer: Observer) -> None:
    """Call the function for each page that changes something. `name` is the label of its app."""
    _observers.register(name, observer)


def notify(user: User, stream: str) -> None:
    """Tell the observers what the transaction has changed so far. One statement; none without them.

    The change feed knows it, so a page that changed nothing is not observed.
    """
    if not _observers:
        return
    events = ChangeEvent.objects.written_here()
    captured = Captured(user, stream, _things(events, "appeared"), _things(events, "changed"))
    if captured.new or captured.edited:
        for _, observer in _observers:
            observer(captured)


def _things(events: list[ChangeEvent], event: str) -> tuple[Thing, ...]:
    return tuple(Thing(each.kind, each.object_id) for each in events if each.event == event)
