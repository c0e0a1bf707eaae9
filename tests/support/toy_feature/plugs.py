"""The functions that the toy registers."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from instagram.archiving.observers import Captured
from instagram.contributors import Contribution
from instagram.models import User
from tests.support.toy_feature.models import Note

watched: set[str] = set()
"""The usernames whose pages the toy writes notes about."""
unwanted: set[str] = set()
"""The usernames whose pages it refuses."""


class Refusal(Exception):
    """Raised by the observer, to undo the page."""


def kept(ids: Collection[int]) -> Iterable[int]:
    """The files with a note."""
    return Note.objects.filter(file__in=ids).values_list("file_id", flat=True)


def contribution(user: User) -> Contribution:
    """The notes about the profile, and their files."""
    notes = Note.objects.filter(user=user)
    files = notes.exclude(file=None).values_list("file__sha256", "file__size")
    return Contribution(rows=[("notes", notes)], files=dict(files))


def note(captured: Captured) -> None:
    """Write a line for each thing that a page has changed."""
    if captured.user.username in unwanted:
        raise Refusal
    if captured.user.username in watched:
        words = [("new", thing) for thing in captured.new]
        words += [("edited", thing) for thing in captured.edited]
        Note.objects.bulk_create(
            Note(user=captured.user, text=f"{captured.stream}: {word} {kind} {pk}")
            for word, (kind, pk) in words
        )
