"""Reads the owner and the coauthors of an item."""

from instagram.archiving.parse import values
from instagram.archiving.parse.pages import unique
from instagram.archiving.records import OwnerRecord, Raw


def account(value: object) -> OwnerRecord | None:
    """The account that an object describes, None if it has no id."""
    user = values.mapping(value)
    instagram_id = account_id(user)
    if instagram_id is None:
        return None
    return OwnerRecord(
        instagram_id=instagram_id,
        username=values.username(user.get("username")),
        full_name=values.display_name(user.get("full_name")),
        is_private=values.flag(user.get("is_private")),
        is_verified=values.flag(user.get("is_verified")),
    )


def account_id(user: Raw) -> str | None:
    return values.bare_id(user.get("pk"), user.get("id"), user.get("pk_id"))


def owner(item: Raw) -> OwnerRecord | None:
    """The account under `user` or `owner`, preferring one that has a name."""
    known = [found for key in ("user", "owner") if (found := account(item.get(key)))]
    return next((found for found in known if found.username), known[0] if known else None)


def story_owner(item: Raw, reel: Raw) -> OwnerRecord | None:
    """The owner that the item names, or the reel's if that says more."""
    own, outer = owner(item), owner(reel)
    # Items often name their owner by id only, while the reel around them has its username too.
    if own is None or (own.username is None and outer and outer.instagram_id == own.instagram_id):
        return outer
    return own


def coauthors(item: Raw) -> tuple[OwnerRecord, ...]:
    """The coauthors in the answer's order, without duplicates."""
    found = map(account, values.sequence(item.get("coauthor_producers")))
    return unique(coauthor for coauthor in found if coauthor)
