"""Profiles that a post mentions: its owner and its coauthors."""

from __future__ import annotations

from collections.abc import Iterable

from instagram.archiving.records import OwnerRecord
from instagram.models import User


def ensure(owners: Iterable[OwnerRecord]) -> dict[str, User]:
    """The profiles by Instagram id, making the ones we never met; two statements.

    Insert first and read after: whoever else inserts the same profile at the same time, both
    read the one row that is there.
    """
    by_id = {owner.instagram_id: owner for owner in owners}
    if not by_id:
        return {}
    User.objects.bulk_create([_new(owner) for owner in by_id.values()], ignore_conflicts=True)
    rows = User.objects.filter(instagram_id__in=by_id).only("uuid", "instagram_id")
    return {str(user.instagram_id): user for user in rows}


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
