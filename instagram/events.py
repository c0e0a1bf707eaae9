"""The change feed as events, of the topic `instagram.changed`.

The feed is a log in the order of transactions already, so nothing is emitted: consumers read it
directly, and a page costs no statement more.
"""

from __future__ import annotations

from core import events
from core.events import Event, Place
from instagram.models import ChangeEvent

TOPIC = "instagram.changed"


@events.source(TOPIC)
def changes(after: Place, limit: int) -> list[tuple[Place, Event]]:
    """The next changes of the feed. One statement."""
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
