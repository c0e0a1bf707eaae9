"""Publishes the change feed as events of the topic `instagram.changed`.

Consumers read the feed directly, because it is already a log in the order of transactions. Events
of their own would cost each page another statement.
"""

from __future__ import annotations

from core import events
from core.events import Event, Place
from instagram.models import ChangeEvent

TOPIC = "instagram.changed"


@events.source(TOPIC)
def changes(after: Place, limit: int) -> list[tuple[Place, Event]]:
    """The next changes of the feed, in one statement."""
    rows = ChangeEvent.objects.settled().after(*after)[:limit]
    return [(Place(row.transaction, row.pk), _event(row)) for row in rows]


def _event(row: ChangeEvent) -> Event:
    payload = {
        "kind": row.kind,
        "object_id": row.object_id,
        "event": row.event,
        "user": str(row.user_id) if row.user_id else None,
    }
    return Event(row.pk, TOPIC, payload, row.seen_at)
