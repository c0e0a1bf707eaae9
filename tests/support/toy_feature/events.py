"""What the toy wants to hear of."""

from __future__ import annotations

from collections.abc import Sequence

from core import events
from core.events import Event
from tests.support.toy_feature.models import Note

NOTED = "toy.noted"
OBJECTION = "objection"
"""A note of this text makes the second consumer fail."""


class Objection(Exception):
    """The second consumer does not want the events."""


@events.consumer("toy.repeat", topic=NOTED)
def repeat(found: Sequence[Event]) -> None:
    """Write each text down once more."""
    Note.objects.bulk_create(Note(text=f"heard {event.payload['text']}") for event in found)


@events.consumer("toy.object", topic=NOTED)
def object_to(found: Sequence[Event]) -> None:
    """Write each text down, and fail if one is an objection."""
    Note.objects.bulk_create(Note(text=f"also {event.payload['text']}") for event in found)
    if any(event.payload["text"] == OBJECTION for event in found):
        raise Objection


@events.consumer("toy.changes", topic="instagram.changed")
def follow(found: Sequence[Event]) -> None:
    """Write down what has changed."""
    Note.objects.bulk_create(
        Note(text=f"{event.payload['event']} {event.payload['object_id']}") for event in found
    )
