"""The current configuration. Only this module reads the app's models.

A value in the admin overrides the environment. Each function sends one query (`core_apis` two) and
caches nothing, so a change in the admin applies from the next call on, in every process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model
from django.db.models.query import RawQuerySet
from django.utils.crypto import salted_hmac
from solo.models import SingletonModel

from core.db.selection import fetch
from settings.fields import Secret
from settings.models import (
    AccessSetting,
    ArchivingSetting,
    CoreAPISetting,
    FallbackCoreAPI,
    FirebaseAdminSetting,
    MailSecurity,
    MailSetting,
    OpenAISetting,
    Registration,
)
from settings.models.people import domains_in

PRIMARY = "primary"  # the provider of the page "Core API"; fallbacks have names of their own

Row = TypeVar("Row", bound=SingletonModel)
AnyRow = TypeVar("AnyRow", bound=Model)

# Without a row nothing is private, as the model's default says.
READING = f"""
SELECT (SELECT private_reading FROM {AccessSetting._meta.db_table}
         WHERE id = {AccessSetting.singleton_instance_id}),
       pg_current_snapshot()::text
"""  # noqa: S608, SLF001  constants only; documented by Django for generic code


@dataclass(frozen=True, slots=True)
class CoreAPIConfig:
    """One provider. Address (no trailing slash) and token are empty if they are not set.

    `problem` says why a stored token cannot be read; it is empty if it can.
    """

    base_url: str
    token: str = field(repr=False)
    timeout_seconds: float
    requests_per_second: float = 10.0
    name: str = PRIMARY
    problem: str = ""

    @property
    def fingerprint(self) -> str:
        """A digest that changes with the address or the token, and reveals neither."""
        both = f"{self.base_url}\n{self.token}"
        return salted_hmac("settings.CoreAPIConfig", both, algorithm="sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class CallLimits:
    """The limits for all providers together. Caps are in USD a day; None means no cap."""

    calls_stopped: bool = False
    soft_cap: Decimal | None = None
    hard_cap: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ArchivingConfig:
    """Limits of downloads, runs and the API log, and the rules of absence and fixity."""

    max_file_bytes: int
    download_threads: int
    connections_per_host: int
    api_log_retention_days: int
    run_retention: timedelta
    api_log_body_limit: int
    misses_to_confirm: int
    time_between_misses: timedelta
    fixity_cycle: timedelta
    story_pace: str


@dataclass(frozen=True, slots=True)
class AccessConfig:
    """Who may register, and who may read. `default_role` is the name of a group, or empty."""

    registration: Registration
    registration_domains: frozenset[str]
    default_role: str
    requires_second_factor: bool
    private_reading: bool


@dataclass(frozen=True, slots=True)
class FirebaseConfig:
    """The JSON of the service account, or "" if it is not set. `problem` is as in CoreAPIConfig."""

    service_account: str = field(repr=False)
    problem: str = ""

    @property
    def fingerprint(self) -> str:
        """A digest that changes with the service account, and does not reveal it."""
        salt = "settings.FirebaseConfig"
        return salted_hmac(salt, self.service_account, algorithm="sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class OpenAIConfig:
    """A service with OpenAI's API. Models are empty if not set; the cap is in USD a day."""

    is_active: bool
    base_url: str
    api_key: str = field(repr=False)
    text_model: str
    embedding_model: str
    image_model: str
    daily_cap: Decimal
    problem: str = ""


@dataclass(frozen=True, slots=True)
class MailConfig:
    """A mail server. `host` is empty if none is set: mails then go to the terminal."""

    host: str
    port: int
    security: MailSecurity
    user: str
    password: str = field(repr=False)
    sender: str
    problem: str = ""


def core_apis() -> tuple[CoreAPIConfig, ...]:
    """The providers in the order of calls. The primary one comes first, configured or not.

    A token that cannot be decrypted becomes its provider's `problem`, and stops no other provider.
    """
    return (core_api(), *map(_fallback, _rows(FallbackCoreAPI, is_active=True)))


def core_api() -> CoreAPIConfig:
    """The primary provider, configured or not."""
    row = _row(CoreAPISetting)
    token, problem = _revealed(row.token)
    return CoreAPIConfig(
        base_url=(row.base_url or settings.CORE_API_URL).rstrip("/"),
        token=token or settings.CORE_API_TOKEN,
        timeout_seconds=row.timeout_seconds,
        requests_per_second=row.requests_per_second,
        problem=problem,
    )


def _fallback(row: FallbackCoreAPI) -> CoreAPIConfig:
    token, problem = _revealed(row.token)
    return CoreAPIConfig(
        base_url=row.base_url.rstrip("/"),
        token=token,
        timeout_seconds=row.timeout_seconds,
        requests_per_second=row.requests_per_second,
        name=row.name,
        problem=problem,
    )


def _revealed(secret: Secret) -> tuple[str, str]:
    """Return the token and an empty string, or an empty token and the reason."""
    try:
        return secret.reveal(), ""
    except ImproperlyConfigured as error:
        return "", str(error)


def call_limits() -> CallLimits:
    row = _row(CoreAPISetting)
    return CallLimits(calls_stopped=row.calls_stopped, soft_cap=row.soft_cap, hard_cap=row.hard_cap)


def archiving() -> ArchivingConfig:
    row = _row(ArchivingSetting)
    return ArchivingConfig(
        max_file_bytes=row.max_file_bytes,
        download_threads=row.download_threads,
        connections_per_host=row.connections_per_host,
        api_log_retention_days=row.api_log_retention_days,
        run_retention=timedelta(days=row.run_retention_days),
        api_log_body_limit=row.api_log_body_limit,
        misses_to_confirm=row.misses_to_confirm,
        time_between_misses=timedelta(minutes=row.minutes_between_misses),
        fixity_cycle=timedelta(days=row.fixity_cycle_days),
        story_pace=row.story_pace,
    )


def access() -> AccessConfig:
    row = _row(AccessSetting)
    return AccessConfig(
        registration=Registration(row.registration),
        registration_domains=domains_in(row.registration_domains),
        default_role=row.default_role,
        requires_second_factor=row.requires_second_factor,
        private_reading=row.private_reading,
    )


def firebase() -> FirebaseConfig:
    return FirebaseConfig(*_revealed(_row(FirebaseAdminSetting).service_account))


def openai() -> OpenAIConfig:
    row = _row(OpenAISetting)
    api_key, problem = _revealed(row.api_key)
    return OpenAIConfig(
        is_active=row.is_active,
        base_url=row.base_url.rstrip("/"),
        api_key=api_key,
        text_model=row.text_model,
        embedding_model=row.embedding_model,
        image_model=row.image_model,
        daily_cap=row.daily_cap,
        problem=problem,
    )


def mail() -> MailConfig:
    """The server of the admin's row, or else that of EMAIL_URL."""
    row = _row(MailSetting)
    sender = row.sender or settings.DEFAULT_FROM_EMAIL
    if not row.host:
        return MailConfig(
            host=settings.EMAIL_HOST,
            port=settings.EMAIL_PORT,
            security=MailSecurity(settings.EMAIL_SECURITY),
            user=settings.EMAIL_HOST_USER,
            password=settings.EMAIL_HOST_PASSWORD,
            sender=sender,
        )
    password, problem = _revealed(row.password)
    return MailConfig(
        host=row.host,
        port=row.port,
        security=MailSecurity(row.security),
        user=row.user,
        password=password,
        sender=sender,
        problem=problem,
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """What every read depends on. Equal snapshots show equal rows (see `core.api.answers`)."""

    is_private: bool
    snapshot: str


def reading(request: object) -> Reading:
    """The state of the archive at the first call for this request. One statement per request."""
    kept = vars(request)
    if "reading" not in kept:
        [(is_private, snapshot)] = fetch(READING, prepare=True)
        kept["reading"] = Reading(is_private=bool(is_private), snapshot=snapshot)
    found: Reading = kept["reading"]
    return found


def _row(model: type[Row]) -> Row:
    """Return the stored row, or the defaults."""
    # `get_solo` would write a missing row, and a read must not write.
    return next(iter(_rows(model, pk=model.singleton_instance_id)), None) or model()


def _rows(model: type[AnyRow], **conditions: int) -> RawQuerySet[AnyRow]:
    return model._default_manager.raw(*_statement(model, **conditions))  # noqa: SLF001  documented by Django for generic code


@cache
def _statement(model: type[Model], **conditions: int) -> tuple[str, tuple[int, ...]]:
    """The query of the rows. Compiling it takes longer than sending it."""
    rows = model._default_manager.filter(**conditions)  # noqa: SLF001  documented by Django for generic code
    sql, parameters = rows.query.sql_with_params()
    return sql, parameters
