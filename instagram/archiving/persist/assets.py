"""Turns the files that a page wants into rows of the download queue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Case, DateTimeField, Value, When
from django.db.models.functions import Cast

from core.db import writing
from instagram.archiving.records import MediaRecord
from storage.models import Asset
from storage.source_names import expires_at, identity, source_name

# A file that is too large stays so under every URL. Other errors may be temporary.
GIVEN_UP_FOR_GOOD = ("TooLarge",)

Pair = tuple["Wanted | None", "Wanted | None"]


class AssetKey(NamedTuple):
    """Identifies a wanted file, independent of its signed URL and its extension.

    Pictures and covers share their keys, because an answer may reveal later that a post is a video.
    """

    owner_kind: str
    owner_id: str
    is_video: bool
    identity: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that a row wants, and its present URL."""

    key: AssetKey
    role: str
    source_name: str
    url: str
    priority: int = Asset.Priority.FRESH


def wanted(
    owner_kind: str, owner_id: str, role: str, url: str | None, *, priority: int = 1
) -> Wanted | None:
    """The file at a URL of the provider; None without a URL."""
    if url is None:
        return None
    name = source_name(url)
    return Wanted(_key(owner_kind, owner_id, role, name), role, name, url, priority)


def of_medium(owner_kind: str, owner_id: str, medium: MediaRecord, *, priority: int = 1) -> Pair:
    """The picture (or cover) and the video of one medium; None for a file that it lacks."""
    role = Asset.Role.COVER if medium.is_video else Asset.Role.IMAGE
    return (
        wanted(owner_kind, owner_id, role, medium.image_url, priority=priority),
        wanted(owner_kind, owner_id, Asset.Role.VIDEO, medium.video_url, priority=priority),
    )


def key_of(asset: Asset) -> AssetKey:
    return _key(asset.owner_kind, asset.owner_id, asset.role, asset.source_name)


def _key(owner_kind: str, owner_id: str, role: str, name: str) -> AssetKey:
    is_video = role == Asset.Role.VIDEO
    return AssetKey(owner_kind, owner_id, is_video, identity(name, is_video=is_video))


@dataclass(frozen=True, slots=True)
class FileIntents:
    """The asset of every wanted file by key, and the assets that must be written.

    New assets have no primary key yet. Renewed assets are paired with their fresh URL.
    """

    assets: Mapping[AssetKey, Asset]
    new: tuple[Asset, ...] = ()
    renewed: tuple[tuple[Asset, str], ...] = ()

    def asset(self, file: Wanted | None) -> Asset | None:
        return None if file is None else self.assets[file.key]


def read(files: Iterable[Wanted], linked: Iterable[Asset | None] = ()) -> dict[AssetKey, Asset]:
    """The stored assets of the files' owners, which are all of one kind.

    `linked` are assets that the caller has read already. 1 statement, none if every file is linked.
    """
    known = {key_of(asset): asset for asset in linked if asset is not None}
    owners = {file.key.owner_id: file.key.owner_kind for file in files if file.key not in known}
    if owners:
        rows = Asset.objects.filter(owner_kind__in={*owners.values()}, owner_id__in=[*owners])
        known |= {key_of(asset): asset for asset in rows if key_of(asset) not in known}
    return known


def decide(
    files: Iterable[Wanted], known: Mapping[AssetKey, Asset], *, now: datetime
) -> FileIntents:
    """Decide which files become new assets, and which assets get a fresh URL. Pure."""
    wanted = {file.key: file for file in files}
    new = {key: _row(file, now) for key, file in wanted.items() if key not in known}
    renewed = tuple(
        (known[key], file.url)
        for key, file in wanted.items()
        if key in known and _is_stale(known[key], file)
    )
    return FileIntents({**known, **new}, tuple(new.values()), renewed)


def apply(intents: FileIntents, *, now: datetime) -> int:
    """Insert the new assets and renew the stale ones; returns how many. At most 2 statements.

    Raises IntegrityError if another transaction has inserted one of them: the page is tried again.
    """
    writing.insert(intents.new)
    if intents.renewed:
        _renew({asset.pk: url for asset, url in intents.renewed}, now)
    return len(intents.new) + len(intents.renewed)


def _is_stale(asset: Asset, file: Wanted) -> bool:
    """Whether the asset must get the URL of this answer, and be downloaded from it."""
    if asset.state == Asset.State.EXPIRED:
        return True
    # Also with the same URL, because a host's refusal may have been temporary.
    if asset.state == Asset.State.FAILED:
        return asset.error_code not in GIVEN_UP_FOR_GOOD
    return asset.state != Asset.State.STORED and asset.url != file.url


def _renew(fresh: Mapping[int, str], now: datetime) -> None:
    """Give fresh URLs to assets, in one statement."""
    # A download may have ended since the assets were read, and must not be repeated.
    Asset.objects.filter(pk__in=fresh).exclude(state=Asset.State.STORED).update(
        url=Case(*(When(pk=pk, then=Value(url)) for pk, url in fresh.items())),
        # Without the cast, PostgreSQL takes the values for texts if all of them are NULL.
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
