"""Delivers events to their consumers, and deletes events that all consumers have read.

PostgreSQL assigns ids before the commit, so a higher id may become visible before a lower one. Only
events older than every open transaction are delivered. No event can appear before them, so a
consumer misses none (docs/adr/0007-a-feed-in-the-order-of-transactions.md).
"""

from __future__ import annotations

import time

from celery import shared_task
from django.db import transaction
from django.db.models import Q

from core.events import Event, Place, consumers, sources
from core.models import ConsumerPlace, OutboxEvent
from core.tasks import BaseTask, send

BATCH = 100
SECONDS = 10.0
"""One task delivers for this long at most. Then other tasks of its queue get their turn."""


@shared_task(name="core.deliver_events", base=BaseTask, expires=60)
def deliver_events() -> None:
    """Start a delivery for every consumer, and prune the outbox."""
    # One task per consumer, so that a failing consumer does not stop the others.
    for name, _ in consumers:
        send("core.deliver_events_to", name)
    prune()


@shared_task(name="core.deliver_events_to", base=BaseTask, expires=60)
def deliver_events_to(name: str) -> None:
    """Deliver all pending events to a consumer. If it raises, the next beat tries again."""
    ends_at = time.monotonic() + SECONDS
    while name in consumers and deliver(name) == BATCH and time.monotonic() < ends_at:
        pass


def deliver(name: str) -> int:
    """Deliver the next events to a consumer and move its place; return their number.

    Delivers none while another process serves the consumer. At most 4 statements, and those of the
    consumer.
    """
    ConsumerPlace.objects.get_or_create(name=name)
    with transaction.atomic():
        row = ConsumerPlace.objects.select_for_update(skip_locked=True).filter(name=name).first()
        if row is None:
            return 0
        wanted = consumers[name]
        found = _next(wanted.topic, Place(row.transaction, row.event))
        if found:
            wanted.handle([event for _, event in found])
            row.transaction, row.event = found[-1][0]
            row.save()
    return len(found)


def prune() -> int:
    """Delete events that all their consumers have read, or that have no consumer any more.

    Returns their number. One statement for each topic, and two.
    """
    topics = {each.topic for _, each in consumers} - {topic for topic, _ in sources}
    stale, _ = OutboxEvent.objects.exclude(topic__in=topics).delete()
    places = {row.name: Place(row.transaction, row.event) for row in ConsumerPlace.objects.all()}
    for topic in topics:
        names = [name for name, each in consumers if each.topic == topic]
        read_by_all = min(places.get(name, Place(0, 0)) for name in names)
        count, _ = OutboxEvent.objects.filter(_up_to(read_by_all), topic=topic).delete()
        stale += count
    return stale


@transaction.atomic
def settle_in() -> None:
    """Forget removed consumers, and begin again after a restore into another cluster.

    Runs with each `migrate`, and so after each restore. 3 statements if there is nothing to do.
    """
    # Each cluster counts its own transactions. A place above the next transaction comes from
    # another cluster: new events would be sorted before it, and the consumer would miss them. So
    # the events that are left in the outbox are delivered again.
    names = {name for name, each in consumers if each.topic not in sources}
    ConsumerPlace.objects.exclude(name__in=[name for name, _ in consumers]).delete()
    places = ConsumerPlace.objects.filter(name__in=names)
    if OutboxEvent.objects.of_another_cluster() or places.of_another_cluster():
        OutboxEvent.objects.update(transaction=0)
        places.update(transaction=0, event=0)


def _next(topic: str, after: Place) -> list[tuple[Place, Event]]:
    if topic in sources:
        return sources[topic](after, BATCH)
    rows = OutboxEvent.objects.settled().filter(~_up_to(after), topic=topic)[:BATCH]
    return [
        (Place(row.transaction, row.pk), Event(row.pk, topic, row.payload, row.emitted_at))
        for row in rows
    ]


def _up_to(place: Place) -> Q:
    return Q(transaction__lt=place.transaction) | Q(transaction=place.transaction, pk__lte=place.id)
