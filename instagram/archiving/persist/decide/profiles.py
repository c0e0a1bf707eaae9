"""Compares a profile's answer with the stored profile. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from instagram.archiving import absence, changes
from instagram.archiving.changes import Change, HistoryType
from instagram.archiving.persist import assets
from instagram.archiving.persist.assets import AssetKey, FileIntents, Wanted
from instagram.archiving.persist.intents import Intents, Outcome, Update
from instagram.archiving.records import ProfileRecord
from instagram.models import Availability, ChangeEvent, ProfileMetric, User, UsernamePeriod
from storage.models import Asset

# The fields of a profile's first event, beside its picture.
FACTS = (
    "instagram_id", "username", "full_name", "biography", "is_private", "is_verified",
    "external_url", "bio_links", "availability",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class KnownProfile:
    """The stored rows of a profile.

    `periods` are the open periods of its present name and of its new one, also of another profile.
    `newest_counts` is the newest row of its metrics.
    """

    user: User
    assets: Mapping[AssetKey, Asset]
    periods: Sequence[UsernamePeriod]
    newest_counts: ProfileMetric | None


def decide(known: KnownProfile, record: ProfileRecord, *, now: datetime) -> Intents:
    """Decide what the answer writes; an unchanged answer writes nothing."""
    user = known.user
    files = assets.decide(wanted_files(record), known.assets, now=now)
    differences = _differences(user, record, files)
    is_new = user.instagram_id is None
    history: HistoryType = "+" if is_new else "~"
    # A new name ends the period of the former name, and that of the profile that held it before.
    renamed = takes_name(known, record)
    period = UsernamePeriod(user=user, username=record.username, started_at=now)
    return Intents(
        files=files,
        outcome=Outcome(seen=1, new=int(is_new), changed=int(bool(differences) and not is_new)),
        inserts=[*([period] if renamed else []), *_new_counts(known, record, now)],
        updates=[
            *([Update(user, _new_values(user, record, differences, now))] if differences else []),
            *(Update(each, {"ended_at": now}) for each in (known.periods if renamed else ())),
        ],
        events=[changed(user, differences)] if differences else [],
        history=[(user, history)] if differences else [],
    )


def wanted_files(record: ProfileRecord) -> list[Wanted]:
    picture = assets.wanted("user", record.instagram_id, Asset.Role.PICTURE, record.picture_url)
    return [picture] if picture else []


def takes_name(known: KnownProfile, record: ProfileRecord) -> bool:
    """Whether the record's name is new for the profile."""
    held = {(period.user_id, period.username) for period in known.periods}
    return (known.user.pk, record.username) not in held


def changed(user: User, differences: Mapping[str, object]) -> Change:
    """The profile's event in the feed."""
    # A profile that was only mentioned before has no event yet. It appears with all of its fields.
    was_told = user.availability != Availability.UNKNOWN
    before = changes.values(user, differences) if was_told else {}
    after = {**({} if was_told else changes.values(user, FACTS)), **differences}
    # The signed URL differs in every answer.
    after.pop("original_profile_picture_url", None)
    return Change(
        ChangeEvent.Kind.USER,
        str(user.pk),
        user,
        changes.with_source_names(before),
        changes.with_source_names(after),
    )


def _differences(user: User, record: ProfileRecord, files: FileIntents) -> dict[str, Any]:
    differences = changes.differences(user, _tracked(user, record))
    for picture in wanted_files(record):
        if user.picture != files.asset(picture):
            differences["picture"] = files.asset(picture)
            differences["original_profile_picture_url"] = picture.url
    return differences


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


def _new_values(
    user: User, record: ProfileRecord, differences: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    sighted = absence.sighted(now=now) if "availability" in differences else {}
    return {
        **sighted,
        **differences,
        **changes.differences(user, _counts(record)),
        "raw_data": dict(record.raw),
        "api_updated_at": now,
        "updated_at": now,
    }


def _new_counts(known: KnownProfile, record: ProfileRecord, now: datetime) -> list[ProfileMetric]:
    """A row for today if a known count differs from the newest row."""
    counts = _counts(record)
    newest = known.newest_counts or ProfileMetric()
    if not changes.differences(newest, counts):
        return []
    merged = {
        name: getattr(newest, name) if count is None else count for name, count in counts.items()
    }
    return [ProfileMetric(user=known.user, day=now.date(), **merged)]


def _counts(record: ProfileRecord) -> dict[str, int | None]:
    return {name: getattr(record, name) for name in ProfileMetric.COUNTS}
