"""The configuration in force now, and the only reader of this app's models.

The admin's row comes first, the environment second. Each function sends one query and caches
nothing, so a change in the admin holds from the next call on, in every process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from solo.models import SingletonModel

from core.errors import NotConfigured
from settings.models import AccessSetting, ArchivingSetting, CoreAPISetting

Row = TypeVar("Row", bound=SingletonModel)


@dataclass(frozen=True, slots=True)
class CoreAPIConfig:
    """Address (no trailing slash) and token are empty where nobody has set them."""

    base_url: str
    token: str = field(repr=False)
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class ArchivingConfig:
    """Limits of downloads and of the API log, and when absence and fixity are believed."""

    max_file_bytes: int
    download_threads: int
    connections_per_host: int
    api_log_retention_days: int
    api_log_body_limit: int
    misses_to_confirm: int
    time_between_misses: timedelta
    fixity_cycle: timedelta


@dataclass(frozen=True, slots=True)
class AccessConfig:
    """Who may register and read."""

    registration_open: bool
    private_reading: bool


def core_api() -> CoreAPIConfig:
    """How to reach the Core API. Raises NotConfigured when the stored token cannot be decrypted."""
    row = _row(CoreAPISetting)
    try:
        token = row.token.reveal()
    except ImproperlyConfigured as error:
        raise NotConfigured(f"Core API token: {error}") from error
    return CoreAPIConfig(
        base_url=(row.base_url or settings.CORE_API_URL).rstrip("/"),
        token=token or settings.CORE_API_TOKEN,
        timeout_seconds=row.timeout_seconds,
    )


def archiving() -> ArchivingConfig:
    """What staff set for downloads, the API log, absence and fixity."""
    row = _row(ArchivingSetting)
    return ArchivingConfig(
        max_file_bytes=row.max_file_bytes,
        download_threads=row.download_threads,
        connections_per_host=row.connections_per_host,
        api_log_retention_days=row.api_log_retention_days,
        api_log_body_limit=row.api_log_body_limit,
        misses_to_confirm=row.misses_to_confirm,
        time_between_misses=timedelta(minutes=row.minutes_between_misses),
        fixity_cycle=timedelta(days=row.fixity_cycle_days),
    )


def access() -> AccessConfig:
    """Who may register and read."""
    row = _row(AccessSetting)
    return AccessConfig(
        registration_open=row.registration_open, private_reading=row.private_reading
    )


def private_reading(request: object) -> bool:
    """Whether strangers may not read; asked for each file of an answer, read once per request."""
    kept = vars(request)
    if "private_reading" not in kept:
        kept["private_reading"] = access().private_reading
    return bool(kept["private_reading"])


def _row(model: type[Row]) -> Row:
    """The stored row, or the defaults: a read must not write, as `get_solo` would."""
    rows = model._default_manager  # noqa: SLF001  documented by Django for generic code
    return rows.filter(pk=model.singleton_instance_id).first() or model()
