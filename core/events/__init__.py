"""Events: what happened, told to other apps after the commit, at least once and in order.

A writer emits in the transaction that does the thing:

    events.emit("studio.rendered", {"video": video.pk})

A consumer stands in the module `events` of its app, which is imported when the apps are ready:

    @events.consumer("gallery.covers", topic="studio.rendered")
    def refresh(found: Sequence[Event]) -> None: ...

`core.events.delivery` calls consumers and keeps their places. Topics are `label.what_happened`. A
payload holds ids, never content: an erasure does not search the outbox.
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
    """One thing that happened. `id` is the same when the event is delivered again."""

    id: int
    topic: str
    payload: Mapping[str, Any]
    at: datetime


class Place(NamedTuple):
    """Where an event stands: the transaction that wrote it, then its own number."""

    transaction: int
    id: int


Handler = Callable[[Sequence[Event]], None]
Source = Callable[[Place, int], list[tuple[Place, Event]]]
"""Returns at most so many events behind the place, in order; nothing may appear before them."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """Who wants the events of a topic."""

    topic: str
    handle: Handler


consumers: Registry[Consumer] = Registry()
sources: Registry[Source] = Registry()


def consumer(name: str, *, topic: str) -> Callable[[Handler], Handler]:
    """Deliver the events of the topic to the decorated function, some of them at a time.

    It runs in the transaction that moves its place: what it writes is committed once for each
    event. Calls to the outside belong into a task that it sends on commit. What it raises undoes
    all, and the same events come again; they hold up this consumer only. A new consumer begins
    with the oldest event that is kept.
    """

    def register(handle: Handler) -> Handler:
        consumers.register(name, Consumer(topic, handle))
        return handle

    return register


def source(topic: str) -> Callable[[Source], Source]:
    """Read the events of the topic with the decorated function instead of from the outbox.

    For tables that are a log themselves: to emit would write everything twice.
    """

    def register(read: Source) -> Source:
        sources.register(topic, read)
        return read

    return register


def emit(topic: str, payload: Mapping[str, Any]) -> None:
    """Write an event in the caller's transaction. One statement; none where nobody consumes it.

    Raises RuntimeError outside a transaction: the event could be told although the thing is undone.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("An event outside a transaction; emit it with what it tells.")
    if any(each.topic == topic for _, each in consumers):
        OutboxEvent.objects.create(topic=topic, payload=dict(payload))
