"""The files that a page wants, as rows of the download queue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Case, DateTimeField, Value, When
from django.db.models.functions import Cast

from instagram.archiving.records import MediaRecord
from storage.models import Asset
from storage.source_names import expires_at, identity, source_name

# Too large is a file under every URL. Everything else is the host's state of the moment.
GIVEN_UP_FOR_GOOD = ("TooLarge",)

Pair = tuple["Wanted | None", "Wanted | None"]


class AssetKey(NamedTuple):
    """What makes a wanted file one and the same, whatever its signed URL and its extension.

    A picture is the same file as the cover of a video: the video may become known later.
    """

    owner_kind: str
    owner_id: str
    is_video: bool
    identity: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that some row wants, and where it can be had now."""

    key: AssetKey
    role: str
    source_name: str
    url: str
    priority: int = Asset.Priority.FRESH


def wanted(
    owner_kind: str, owner_id: str, role: str, url: str | None, *, priority: int = 1
) -> Wanted | None:
    """The file behind a URL of the provider; None where there is no URL."""
    if url is None:
        return None
    name = source_name(url)
    return Wanted(_key(owner_kind, owner_id, role, name), role, name, url, priority)


def of_medium(owner_kind: str, owner_id: str, medium: MediaRecord, *, priority: int = 1) -> Pair:
    """The picture (or cover) and the video of one medium; None for what it does not offer."""
    role = Asset.Role.COVER if medium.is_video else Asset.Role.IMAGE
    return (
        wanted(owner_kind, owner_id, role, medium.image_url, priority=priority),
        wanted(owner_kind, owner_id, Asset.Role.VIDEO, medium.video_url, priority=priority),
    )


def key_of(asset: Asset) -> AssetKey:
    """The key of a row."""
    return _key(asset.owner_kind, asset.owner_id, asset.role, asset.source_name)


def _key(owner_kind: str, owner_id: str, role: str, name: str) -> AssetKey:
    is_video = role == Asset.Role.VIDEO
    return AssetKey(owner_kind, owner_id, is_video, identity(name, is_video=is_video))


def want(
    files: Iterable[Wanted], *, now: datetime, linked: Mapping[AssetKey, Asset] | None = None
) -> tuple[dict[AssetKey, Asset], int]:
    """Insert the new files, and renew the URLs of those not stored yet.

    Returns the asset of every file by key, and how many were written. `linked` are assets that the
    caller has read already. At most three statements: one to read what is not linked, one to
    insert, one to renew. What is stored is never touched. Raises IntegrityError when somebody else
    inserted one of them in between: try the page again.
    """
    wanted = {file.key: file for file in files}
    have = dict(linked or {})
    have |= _known(key for key in wanted if key not in have)
    new = [_row(file, now) for key, file in wanted.items() if key not in have]
    if new:
        Asset.objects.bulk_create(new)
    renewed = [file for key, file in wanted.items() if key in have and _is_stale(have[key], file)]
    if renewed:
        _renew(renewed, have, now)
    return have | {key_of(asset): asset for asset in new}, len(new) + len(renewed)


def _known(keys: Iterable[AssetKey]) -> dict[AssetKey, Asset]:
    """Every asset of the owners in the keys, which are of one kind."""
    owners = {key.owner_id: key.owner_kind for key in keys}
    if not owners:
        return {}
    rows = Asset.objects.filter(owner_kind__in={*owners.values()}, owner_id__in=[*owners])
    return {key_of(asset): asset for asset in rows}


def _is_stale(asset: Asset, file: Wanted) -> bool:
    """Whether the file is to be fetched from the URL that the provider names now.

    Also from the same URL, where the last attempt was refused: the host may have been mistaken.
    """
    if asset.state == Asset.State.EXPIRED:
        return True
    if asset.state == Asset.State.FAILED:
        return asset.error_code not in GIVEN_UP_FOR_GOOD
    return asset.state != Asset.State.STORED and asset.url != file.url


def _renew(files: Iterable[Wanted], have: Mapping[AssetKey, Asset], now: datetime) -> None:
    """Give fresh URLs to assets, unless their download has ended meanwhile."""
    fresh = {have[file.key].pk: file.url for file in files}
    Asset.objects.filter(pk__in=fresh).exclude(state=Asset.State.STORED).update(
        url=Case(*(When(pk=pk, then=Value(url)) for pk, url in fresh.items())),
        # Cast: where no URL names its end, PostgreSQL would take the empty values for texts.
        url_expires_at=Cast(
            Case(*(When(pk=pk, then=Value(expires_at(url))) for pk, url in fresh.items())),
            DateTimeField(),
        ),
        state=Asset.State.WANTED,
        attempts=0,
        next_attempt_at=now,
        error_code="",
        error="",
        updated_at=now,
    )


def _row(file: Wanted, now: datetime) -> Asset:
    return Asset(
        owner_kind=file.key.owner_kind,
        owner_id=file.key.owner_id,
        role=file.role,
        source_name=file.source_name,
        url=file.url,
        url_expires_at=expires_at(file.url),
        priority=file.priority,
        state=Asset.State.WANTED,
        next_attempt_at=now,
        created_at=now,
        updated_at=now,
    )
