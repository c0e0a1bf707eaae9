"""Lets other apps observe each stored page, inside its transaction.

    observers.register("evidence", note)    # in AppConfig.ready

    def note(captured: Captured) -> None:
        Note.objects.bulk_create(Note(post_id=pk) for kind, pk in captured.new if kind == "post")

The writes of an observer are committed with the page, or not at all. An observer must not call
other services, because the transaction stays open until it returns. An exception rolls the page
back; the run is tried again when its lease ends, and fails after MAX_ATTEMPTS. A page that is
stored again after a conflict is observed again.
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
    """The rows that a page has inserted, and those whose tracked values it has changed.

    `user` is the profile of the run. The rows may belong to other profiles, such as coauthors.
    `stream` is a `RunStream.Name`.
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
    """Call the observers with the changes of this transaction. One statement, if there are any."""
    if not _observers:
        return
    # Read from the change feed, so that a page that changed nothing is not observed.
    events = ChangeEvent.objects.written_here()
    captured = Captured(user, stream, _things(events, "appeared"), _things(events, "changed"))
    if captured.new or captured.edited:
        for _, observer in _observers:
            observer(captured)


def _things(events: list[ChangeEvent], event: str) -> tuple[Thing, ...]:
    return tuple(Thing(each.kind, each.object_id) for each in events if each.event == event)
