"""A profile: its fields, its name, its picture and its counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db.models import Q

from core.utils.errors import Erased, UnexpectedPayload
from instagram.archiving import absence, changes
from instagram.archiving.changes import Change
from instagram.archiving.persist import assets, locks, placeholders
from instagram.archiving.persist.outcome import Outcome
from instagram.archiving.records import ProfileRecord
from instagram.models import (
    Availability,
    ChangeEvent,
    ProfileMetric,
    Tombstone,
    User,
    UsernamePeriod,
)
from instagram.models.erasure import digest
from settings import current
from storage.models import Asset

WRITTEN = (
    "instagram_id", "username", "full_name", "biography", "is_private", "is_verified",
    "external_url", "bio_links", *ProfileMetric.COUNTS, "picture", "original_profile_picture_url",
    "raw_data", "search_text", "search_grams", *absence.COLUMNS, "api_updated_at", "updated_at",
)  # fmt: skip

# Beside the picture: what an event tells of a profile.
FACTS = (
    "instagram_id", "username", "full_name", "biography", "is_private", "is_verified",
    "external_url", "bio_links", "availability",
)  # fmt: skip


def profile(user: User, record: ProfileRecord, *, now: datetime) -> tuple[User, Outcome]:
    """Store what the provider says of the profile; an unchanged answer writes nothing.

    Returns the profile that the record belongs to: where a row of that Instagram id is there
    already (a renamed account was added under its new name), `user` merges into it and its runs
    point at the survivor. Raises UnexpectedPayload when the answer is about another account than
    the one asked for, Erased when that account was erased, Transient when the survivor is being
    archived at the moment.
    """
    if user.instagram_id not in {None, record.instagram_id}:
        raise UnexpectedPayload("the answer is about another account", path="profile.id")
    user = _survivor(user, record, now)
    is_new = user.instagram_id is None
    picture = assets.wanted("user", record.instagram_id, Asset.Role.PICTURE, record.picture_url)
    have, written = assets.want([picture] if picture else [], now=now)
    differences = changes.differences(user, _tracked(user, record))
    if picture is not None:
        differences |= _picture_difference(user, picture, have)
    if differences:
        _write(user, record, differences, now)
    _hold_name(user, now)
    _record_counts(user, record, now)
    outcome = Outcome(
        seen=1,
        new=int(is_new),
        changed=int(bool(differences) and not is_new),
        wanted=written,
    )
    return user, outcome


def _tracked(user: User, record: ProfileRecord) -> dict[str, object]:
    is_private = user.is_private if record.is_private is None else record.is_private
    return {
        "instagram_id": record.instagram_id,
        "username": record.username,
        "full_name": record.full_name,
        "biography": record.biography,
        "is_private": record.is_private,
        "is_verified": record.is_verified,
        "external_url": record.external_url,
        "bio_links": None if record.bio_links is None else list(record.bio_links),
        "availability": Availability.PRIVATE if is_private else Availability.LIVE,
    }


def _survivor(user: User, record: ProfileRecord, now: datetime) -> User:
    """Merge a row that is only a name so far into the row of the same Instagram id."""
    if user.instagram_id is not None:
        return user
    locks.hold(profiles=[record.instagram_id])
    survivor = User.objects.filter(instagram_id=record.instagram_id).first()
    if survivor is None:
        _refuse_erased(record)
        return user
    placeholders.merge_into_survivor(user, survivor, now=now)
    return survivor


def _refuse_erased(record: ProfileRecord) -> None:
    """After the look for the profile itself: an erasure that ends in between is seen here."""
    if Tombstone.objects.of_id(record.instagram_id).exists():
        raise Erased("this profile was erased on request", digest=digest(record.instagram_id))


def _picture_difference(
    user: User, picture: assets.Wanted, have: dict[assets.AssetKey, Asset]
) -> dict[str, object]:
    asset = have[picture.key]
    if user.picture_id == asset.pk:
        return {}
    return {"picture": asset, "original_profile_picture_url": picture.url}


def _write(
    user: User, record: ProfileRecord, differences: dict[str, object], now: datetime
) -> None:
    kind: changes.HistoryType = "+" if user.instagram_id is None else "~"
    change = _change(user, differences)
    if "availability" in differences:
        changes.apply(user, absence.sighted(now=now))
    changes.apply(user, differences)
    changes.apply(user, changes.differences(user, _counts(record)))
    user.raw_data = dict(record.raw)
    user.api_updated_at = user.updated_at = now
    user.refresh_search()
    User.objects.bulk_update([user], WRITTEN)  # no signal: the history row is written below
    changes.record_history([(user, kind)], now=now)
    changes.record([change], now=now)


def _change(user: User, differences: Mapping[str, object]) -> Change:
    """The differences as an event of the feed; the picture stands in it by its source name.

    A profile that was only mentioned so far appears with everything that is known of it.
    """
    was_told = user.availability != Availability.UNKNOWN
    before = changes.values(user, differences) if was_told else {}
    after = {**({} if was_told else changes.values(user, FACTS)), **differences}
    for values in (before, after):
        if isinstance(picture := values.pop("picture", None), Asset):
            values["picture"] = picture.source_name
    after.pop("original_profile_picture_url", None)  # signed, so it changes with every poll
    return Change(ChangeEvent.Kind.USER, str(user.pk), user, before, after)


def _hold_name(user: User, now: datetime) -> None:
    """Open the period of the present name; whoever held it, or what the profile held, ends."""
    open_periods = UsernamePeriod.objects.filter(
        Q(user=user) | Q(username=user.username), ended_at=None
    )
    held = list(open_periods)
    if any(period.user_id == user.pk and period.username == user.username for period in held):
        return
    open_periods.update(ended_at=now)
    UsernamePeriod.objects.create(user=user, username=user.username, started_at=now)
    placeholders.take_in(user, now=now)


def _record_counts(user: User, record: ProfileRecord, now: datetime) -> None:
    """One row a day, and only when a known count differs from the newest row."""
    newest = user.metrics.order_by("-day").first()
    said = _counts(record)
    if not changes.differences(newest or ProfileMetric(), said):
        return
    known = {name: getattr(newest, name, None) for name in said}
    merged = {name: known[name] if count is None else count for name, count in said.items()}
    ProfileMetric.objects.update_or_create(user=user, day=now.date(), defaults=merged)


def _counts(record: ProfileRecord) -> dict[str, int | None]:
    return {name: getattr(record, name) for name in ProfileMetric.COUNTS}


def missing(user: User, *, now: datetime, last_seen: datetime | None) -> None:
    """Note that the provider knows no such profile: one miss, and deleted after enough of them.

    `last_seen` is the last poll that found it.
    """
    differences = absence.missed(user, now=now, last_seen=last_seen, config=current.archiving())
    if not differences:
        return
    change = _change(user, {"availability": differences["availability"]})
    changed = user.availability != differences["availability"]
    changes.apply(user, differences)
    User.objects.bulk_update([user], absence.COLUMNS)
    if changed:
        changes.record_history([(user, "~")], now=now)
        changes.record([change], now=now)
