"""Stores a profile: its fields, its name, its picture and its counts."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from core.utils.errors import Erased, UnexpectedPayload
from instagram.archiving import absence, changes
from instagram.archiving.persist import assets, intents, locks, placeholders
from instagram.archiving.persist.decide import profiles as decider
from instagram.archiving.persist.decide.profiles import KnownProfile
from instagram.archiving.persist.intents import Outcome
from instagram.archiving.records import ProfileRecord
from instagram.models import Tombstone, User, UsernamePeriod
from instagram.models.erasure import digest
from settings import current


def profile(user: User, record: ProfileRecord, *, now: datetime) -> tuple[User, Outcome]:
    """Store the provider's answer; an unchanged answer writes nothing.

    Returns the profile that the record belongs to. If a renamed account was added under its new
    name, `user` is merged into the row that has the Instagram id, together with its runs. Raises
    UnexpectedPayload if the answer is about another account, Erased if the account was erased, and
    Transient if the surviving row is being archived.
    """
    if user.instagram_id not in {None, record.instagram_id}:
        raise UnexpectedPayload("the answer is about another account", path="profile.id")
    known = _read(_survivor(user, record, now), record)
    outcome = intents.apply(decider.decide(known, record, now=now), now=now)
    if decider.takes_name(known, record):
        placeholders.take_in(known.user, now=now)
    return known.user, outcome


def missing(user: User, *, now: datetime, last_seen: datetime | None) -> None:
    """Count a miss of the profile, which is marked as deleted after enough misses.

    `last_seen` is the time of the last poll that found it.
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


def _read(user: User, record: ProfileRecord) -> KnownProfile:
    periods = UsernamePeriod.objects.filter(
        Q(user=user) | Q(username=record.username), ended_at=None
    )
    return KnownProfile(
        user=user,
        assets=assets.read(decider.wanted_files(record)),
        periods=[*periods],
        newest_counts=user.metrics.order_by("-day").first(),
    )


def _survivor(user: User, record: ProfileRecord, now: datetime) -> User:
    """The row with the record's Instagram id; a row that has only a name is merged into it."""
    if user.instagram_id is not None:
        return user
    locks.hold(profiles=[record.instagram_id])
    survivor = User.objects.filter(instagram_id=record.instagram_id).first()
    if survivor is not None:
        placeholders.merge_into_survivor(user, survivor, now=now)
        return survivor
    # Read after the profile itself, so that an erasure that ends in between is seen.
    if Tombstone.objects.of_id(record.instagram_id).exists():
        raise Erased("this profile was erased on request", digest=digest(record.instagram_id))
    return user
