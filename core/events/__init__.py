"""Events tell other apps what happened: after the commit, at least once, and in order.

A writer emits the event in the transaction of the change itself:

    events.emit("studio.rendered", {"video": video.pk})

A consumer is a function in the module `events` of its app, which Django imports at the start:

    @events.consumer("gallery.covers", topic="studio.rendered")
    def refresh(found: Sequence[Event]) -> None: ...

`core.events.delivery` calls the consumers and stores how far each has read. A topic is named
`label.what_happened`. A payload holds ids only, never content, because an erasure does not search
the outbox.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from core.models import OutboxEvent
from core.registry import Registry


@dataclass(frozen=True, slots=True)
class Event:
    """One event. It keeps its `id` when it is delivered again."""

    id: int
    topic: str
    payload: Mapping[str, Any]
    at: datetime


class Place(NamedTuple):
    """The position of an event: the transaction that wrote it, then its id."""

    transaction: int
    id: int


Handler = Callable[[Sequence[Event]], None]
Source = Callable[[Place, int], list[tuple[Place, Event]]]
"""Returns at most that many events after the place, in order. No event may appear before them."""


@dataclass(frozen=True, slots=True)
class Consumer:
    topic: str
    handle: Handler


consumers: Registry[Consumer] = Registry()
sources: Registry[Source] = Registry()


def consumer(name: str, *, topic: str) -> Callable[[Handler], Handler]:
    """Deliver the events of the topic to the decorated function, up to 100 at a time.

    The function runs in the transaction that moves its place, so its writes are committed once for
    each event. If it calls the outside, it must do so in a task that it sends on commit. If it
    raises, everything is rolled back, and it gets the same events again; other consumers go on. A
    new consumer begins with the oldest event in the outbox.
    """

    def register(handle: Handler) -> Handler:
        consumers.register(name, Consumer(topic, handle))
        return handle

    return register


def source(topic: str) -> Callable[[Source], Source]:
    """Read the events of the topic with the decorated function instead of from the outbox.

    This is for tables that are a log already: emitting would write everything twice.
    """

    def register(read: Source) -> Source:
        sources.register(topic, read)
        return read

    return register


def emit(topic: str, payload: Mapping[str, Any]) -> None:
    """Write an event in the caller's transaction. 1 statement; none if the topic has no consumer.

    Raises RuntimeError outside a transaction.
    """
    # In a transaction of its own, the event would stay although the change is rolled back.
    if not connection.in_atomic_block:
        raise RuntimeError("An event must be emitted in the transaction of its change.")
    if any(each.topic == topic for _, each in consumers):
        OutboxEvent.objects.create(topic=topic, payload=dict(payload))
