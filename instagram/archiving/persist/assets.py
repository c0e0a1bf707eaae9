"""The files that a page wants, as rows of the download queue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from storage.models import Asset
from storage.sources import expires_at, source_name

RENEWED = (
    "url", "url_expires_at", "state", "attempts", "next_attempt_at", "error_code", "error",
    "updated_at",
)  # fmt: skip


class AssetKey(NamedTuple):
    """What makes a wanted file one and the same, whatever its signed URL."""

    owner_kind: str
    owner_id: str
    role: str
    source_name: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that some row wants, and where it can be had now."""

    key: AssetKey
    url: str
    priority: int = Asset.Priority.FRESH


def wanted(
    owner_kind: str, owner_id: str, role: str, url: str | None, *, priority: int = 1
) -> Wanted | None:
    """The file behind a URL of the provider; None where there is no URL."""
    if url is None:
        return None
    return Wanted(AssetKey(owner_kind, owner_id, role, source_name(url)), url, priority)


def key_of(asset: Asset) -> AssetKey:
    """The key of a row."""
    return AssetKey(asset.owner_kind, asset.owner_id, asset.role, asset.source_name)


def known(owner_kind: str, owner_ids: Iterable[str]) -> dict[AssetKey, Asset]:
    """Every asset of the owners, by key, in one query."""
    rows = Asset.objects.filter(owner_kind=owner_kind, owner_id__in=list(owner_ids))
    return {key_of(asset): asset for asset in rows}


def want(
    files: Iterable[Wanted], have: Mapping[AssetKey, Asset], *, now: datetime
) -> dict[AssetKey, Asset]:
    """Insert the new files and renew the URL of those not stored yet, in one statement at most.

    Returns the written assets by key; what is stored already is never touched. Raises
    IntegrityError when another transaction wrote one of them in between: try the page again.
    """
    write = {file.key: _row(file, now) for file in files if _needs_writing(file, have)}
    if write:
        Asset.objects.bulk_create(
            write.values(),
            update_conflicts=True,
            unique_fields=list(AssetKey._fields),
            update_fields=RENEWED,
        )
    return write


def _needs_writing(file: Wanted, have: Mapping[AssetKey, Asset]) -> bool:
    asset = have.get(file.key)
    if asset is None or asset.state == Asset.State.EXPIRED:
        return True  # the provider stands by an expired URL: it may have been refused by mistake
    return asset.state != Asset.State.STORED and asset.url != file.url


def _row(file: Wanted, now: datetime) -> Asset:
    return Asset(
        **file.key._asdict(),
        url=file.url,
        url_expires_at=expires_at(file.url),
        priority=file.priority,
        state=Asset.State.WANTED,
        next_attempt_at=now,
        created_at=now,
        updated_at=now,
    )
