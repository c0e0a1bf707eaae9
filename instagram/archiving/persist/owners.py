"""Creates rows for the owners and coauthors that posts mention."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.db.deleting import delete_at_once
from core.db.writing import insert_missing
from instagram.archiving.records import OwnerRecord
from instagram.models import User
from instagram.models.erasure import has_tombstone


def ensure(owners: Iterable[OwnerRecord]) -> dict[str, User]:
    """The profiles by Instagram id, without erased ones; missing profiles are inserted.

    Two statements, and one more if a profile was erased.
    """
    by_id = {owner.instagram_id: owner for owner in owners}
    if not by_id:
        return {}
    # Insert before reading: concurrent transactions then read the one row that exists, and the
    # tombstone of an erasure that ends in between is seen.
    insert_missing([_new(owner) for owner in by_id.values()])
    known = User.objects.filter(instagram_id__in=by_id).only("uuid", "instagram_id")
    rows: list[Any] = [*known.annotate(is_erased=has_tombstone())]  # mypy does not know it
    # No row can refer to these yet, because they were inserted just now.
    if erased := [user.pk for user in rows if user.is_erased]:
        delete_at_once(User.objects.filter(pk__in=erased))
    return {str(user.instagram_id): user for user in rows if not user.is_erased}


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
