"""A profile: its fields, its name, its picture and its counts."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from core.utils.errors import Erased, UnexpectedPayload
from instagram.archiving import absence, changes
from instagram.archiving.persist import assets, intents, locks, placeholders
from instagram.archiving.persist.decide import profiles as decider
from instagram.archiving.persist.decide.profiles import Known
from instagram.archiving.persist.intents import Outcome
from instagram.archiving.records import ProfileRecord
from instagram.models import Tombstone, User, UsernamePeriod
from instagram.models.erasure import digest
from settings import current


def profile(user: User, record: ProfileRecord, *, now: datetime) -> tuple[User, Outcome]:
    """Store what the provider says of the profile; an unchanged answer writes nothing.

    Returns the profile that the record belongs to. A renamed account may have been added under its
    new name: then `user` merges into the row that has the Instagram id, and its runs point at that
    row. Raises UnexpectedPayload when the answer is about another account than the one asked for,
    Erased when that account was erased, Transient when the surviving row is being archived.
    """
    if user.instagram_id not in {None, record.instagram_id}:
        raise UnexpectedPayload("the answer is about another account", path="profile.id")
    known = _read(_survivor(user, record, now), record)
    outcome = intents.apply(decider.decide(known, record, now=now), now=now)
    if decider.takes_name(known, record):
        placeholders.take_in(known.user, now=now)
    return known.user, outcome


def missing(user: User, *, now: datetime, last_seen: datetime | None) -> None:
    """Note that the provider knows no such profile: one miss, and deleted after enough misses.

    `last_seen` is the last poll that found it.
    """
    differences = absence.missed(user, now=now, last_seen=last_seen, config=current.archiving())
    if not differences:
        return
    change = decider.changed(user, {"availability": differences["availability"]})
    changed = user.availability != differences["availability"]
    changes.apply(user, differences)
    User.objects.bulk_update([user], absence.COLUMNS)
    if changed:
        changes.record_history([(user, "~")], now=now)
        changes.record([change], now=now)


def _read(user: User, record: ProfileRecord) -> Known:
    periods = UsernamePeriod.objects.filter(
        Q(user=user) | Q(username=record.username), ended_at=None
    )
    return Known(
        user=user,
        assets=assets.read(decider.wanted_files(record)),
        periods=[*periods],
        newest_counts=user.metrics.order_by("-day").first(),
    )


def _survivor(user: User, record: ProfileRecord, now: datetime) -> User:
    """Merge a row that is only a name so far into the row of the same Instagram id."""
    if user.instagram_id is not None:
        return user
    locks.hold(profiles=[record.instagram_id])
    survivor = User.objects.filter(instagram_id=record.instagram_id).first()
    if survivor is not None:
        placeholders.merge_into_survivor(user, survivor, now=now)
        return survivor
    # Looked for after the profile itself: an erasure that ends in between is seen here.
    if Tombstone.objects.of_id(record.instagram_id).exists():
        raise Erased("this profile was erased on request", digest=digest(record.instagram_id))
    return user
