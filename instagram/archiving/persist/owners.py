"""Profiles that a post mentions: its owner and its coauthors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from core.db.deleting import delete_at_once
from instagram.archiving.records import OwnerRecord
from instagram.models import User
from instagram.models.erasure import has_tombstone


def ensure(owners: Iterable[OwnerRecord]) -> dict[str, User]:
    """The profiles by Instagram id, making the ones we never met; those erased are left out.

    Insert first and read after: whoever else inserts the same profile at the same time, both
    read the one row that is there; and an erasure that ends meanwhile is seen. Two statements, one
    more where somebody was erased.
    """
    by_id = {owner.instagram_id: owner for owner in owners}
    if not by_id:
        return {}
    User.objects.bulk_create([_new(owner) for owner in by_id.values()], ignore_conflicts=True)
    known = User.objects.filter(instagram_id__in=by_id).only("uuid", "instagram_id")
    rows: list[Any] = [*known.annotate(is_erased=has_tombstone())]  # which mypy cannot see
    _take_back([user for user in rows if user.is_erased])
    return {str(user.instagram_id): user for user in rows if not user.is_erased}


def _take_back(made: Sequence[User]) -> None:
    """Delete rows that were inserted just now: nothing points at them yet."""
    if made:
        delete_at_once(User.objects.filter(pk__in=[user.pk for user in made]))


def _new(owner: OwnerRecord) -> User:
    user = User(
        instagram_id=owner.instagram_id,
        username=owner.username or "",
        full_name=owner.full_name,
        is_private=owner.is_private,
        is_verified=owner.is_verified,
    )
    user.refresh_search()
    return user
