"""What other apps have of a profile: it is erased and reported with the profile.

contributors.register("gallery", contribution)    # in AppConfig.ready

def contribution(user: User) -> Contribution:
    return Contribution(rows=[("covers", Cover.objects.filter(user=user))])
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from core.registry import Registry
from instagram.models import User


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one app has of a profile.

    `rows` by kind, in the order in which they can be deleted: one statement deletes each, without
    Django's cascades. `files` are sizes in bytes by SHA-256; one that something else keeps stays.
    """

    rows: Sequence[tuple[str, QuerySet[Any]]] = ()
    files: Mapping[str, int] = field(default_factory=dict)


Contributor = Callable[[User], Contribution]
"""Its number of statements does not depend on the size of the profile."""

_contributors: Registry[Contributor] = Registry()


def register(name: str, contributor: Contributor) -> None:
    """Erase with a profile what the function names. `name` is the label of its app."""
    _contributors.register(name, contributor)


def rows(user: User) -> Iterator[tuple[str, QuerySet[Any]]]:
    """The rows of every app, by the kind that surveys and proofs name: `label.kind`."""
    for name, contributor in _contributors:
        for kind, found in contributor(user).rows:
            yield f"{name}.{kind}", found


def files(user: User) -> dict[str, int]:
    """Size in bytes by SHA-256 of every file that an app names."""
    found: dict[str, int] = {}
    for _, contributor in _contributors:
        found.update(contributor(user).files)
    return found
