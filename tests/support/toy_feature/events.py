"""The toy's consumers of events."""

from __future__ import annotations

from collections.abc import Sequence

from core import events
from core.events import Event
from tests.support.toy_feature.models import Note

NOTED = "toy.noted"
OBJECTION = "objection"
"""A note of this text makes the second consumer fail."""


class Objection(Exception):
    """Raised by the second consumer, to fail."""


@events.consumer("toy.repeat", topic=NOTED)
def repeat(found: Sequence[Event]) -> None:
    """Write a note for each text."""
    Note.objects.bulk_create(Note(text=f"heard {event.payload['text']}") for event in found)


@events.consumer("toy.object", topic=NOTED)
def object_to(found: Sequence[Event]) -> None:
    """Write a note for each text, and fail if one is an objection."""
    Note.objects.bulk_create(Note(text=f"also {event.payload['text']}") for event in found)
    if any(event.payload["text"] == OBJECTION for event in found):
        raise Objection


@events.consumer("toy.changes", topic="instagram.changed")
def follow(found: Sequence[Event]) -> None:
    """Write a note for each change of the feed."""
    Note.objects.bulk_create(
        Note(text=f"{event.payload['event']} {event.payload['object_id']}") for event in found
    )
