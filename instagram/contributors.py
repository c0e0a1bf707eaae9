"""Lets other apps register their rows and files of a profile, which are erased with it.

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
    """The rows and files that one app has of a profile.

    `rows` are querysets by kind, in the order in which they can be deleted. One statement deletes
    each of them, without Django's cascades. `files` are sizes in bytes by SHA-256. A file that is
    used elsewhere is kept.
    """

    rows: Sequence[tuple[str, QuerySet[Any]]] = ()
    files: Mapping[str, int] = field(default_factory=dict)


Contributor = Callable[[User], Contribution]
"""Must send a number of statements that does not depend on the size of the profile."""

_contributors: Registry[Contributor] = Registry()


def register(name: str, contributor: Contributor) -> None:
    """Register a function that returns an app's contribution. `name` is the label of the app."""
    _contributors.register(name, contributor)


def rows(user: User) -> Iterator[tuple[str, QuerySet[Any]]]:
    """The rows of all apps by kind, `label.kind` in surveys and proofs."""
    for name, contributor in _contributors:
        for kind, found in contributor(user).rows:
            yield f"{name}.{kind}", found


def files(user: User) -> dict[str, int]:
    """The sizes in bytes, by SHA-256, of the files of all apps."""
    found: dict[str, int] = {}
    for _, contributor in _contributors:
        found.update(contributor(user).files)
    return found
