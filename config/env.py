"""The process environment, read once and typed: everything that is configured from outside.

Only `config/settings/*` read this module; the rest of the code reads `django.conf.settings`, and
what staff can change at run time comes from `settings/current.py`.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import psycopg
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

Value = TypeVar("Value")
Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off", ""})
HOST_AND_PORT = re.compile(r"[A-Za-z0-9.\-]+:\d{1,5}|\[[0-9A-Fa-f:]+\]:\d{1,5}")


def flag(text: str) -> bool:
    """Parse yes or no; other words are rejected."""
    word = text.strip().lower()
    if word not in TRUE | FALSE:
        raise ValueError("must be one of 1, true, yes, on, 0, false, no, off")
    return word in TRUE


def words(text: str) -> tuple[str, ...]:
    """Split a comma-separated list without empty entries."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def trusted_hosts(text: str) -> frozenset[str]:
    """Parse `host:port` entries. The port is required, because the match is exact."""
    entries = words(text.lower())
    for entry in entries:
        if not HOST_AND_PORT.fullmatch(entry):
            raise ValueError(f"{entry!r} is not host:port")
    return frozenset(entries)


def networks(text: str) -> Networks:
    """Parse addresses and networks, such as `10.0.0.7, 172.16.0.0/12`."""
    return tuple(ipaddress.ip_network(word) for word in words(text))


def http_url(text: str) -> str:
    """Parse an http(s) URL and remove its trailing slash; "" is allowed."""
    url = text.strip().rstrip("/")
    if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
        raise ValueError("must be an http:// or https:// address")
    return url


def natural_number(text: str) -> int:
    """Parse an integer from 0."""
    if not text.strip().isdecimal():
        raise ValueError("must be a whole number from 0")
    return int(text)


def positive_number(text: str) -> int:
    """Parse an integer from 1."""
    if natural_number(text) == 0:
        raise ValueError("must be a whole number from 1")
    return int(text)


def database_url(text: str) -> str:
    """Parse any form that libpq accepts. libpq's own error is hidden: it quotes the password."""
    try:
        conninfo_to_dict(text)
    except psycopg.ProgrammingError:
        raise ValueError("must be postgres://user:password@host:port/name") from None
    return text


def redis_url(text: str) -> str:
    """Parse the URL of a Redis, optionally with a database number."""
    url = text.strip().rstrip("/")
    parts = urlsplit(url)
    number = parts.path.strip("/") or "0"
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname or not number.isdecimal():
        raise ValueError("must be redis://host:port or rediss://host:port, with /number at most")
    return url


def encryption_keys(text: str) -> tuple[str, ...]:
    """Parse Fernet keys. The error does not quote them."""
    keys = words(text)
    for key in keys:
        Fernet(key)
    return keys


def folder(text: str) -> Path | None:
    """Parse the absolute path of a folder; "" is allowed."""
    if text and not Path(text).is_absolute():
        raise ValueError("must be an absolute path")
    return Path(text) if text else None


def admin_path(text: str) -> str:
    """Parse a path below the root."""
    if text.startswith("/") or not text.endswith("/"):
        raise ValueError("must end with a slash and not begin with one")
    return text


def email_url(text: str) -> str:
    """Parse the URL of a mail server; "" is allowed."""
    parts = urlsplit(text)
    known = parts.scheme in {"smtp", "smtp+starttls", "smtps"} and parts.hostname
    if text and not known:
        raise ValueError("must be smtp://, smtp+starttls:// or smtps://user:password@host:port")
    return text


@dataclass(frozen=True, slots=True)
class Environment:
    """All values of the environment. Secrets are excluded from the repr."""

    data: Path
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    broker_timeout: int
    database_pool_size: int
    database_prepares: bool
    web_threads: int
    event_streams: int
    secret_key: str = field(repr=False)
    encryption_keys: tuple[str, ...] = field(repr=False)
    core_api_url: str
    core_api_token: str = field(repr=False)
    media_trusted_hosts: frozenset[str]
    media_copy: Path | None
    media_min_free: int
    allowed_hosts: tuple[str, ...]
    trusted_origins: tuple[str, ...]
    cors_origins: tuple[str, ...]
    admin_path: str
    email_url: str = field(repr=False)
    email_sender: str
    json_logs: bool
    security_log: Path | None
    media_redirect_prefix: str
    trusted_proxies: Networks


class Reader:
    """Collects all errors, so that an operator sees them at once."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = variables
        self.mistakes: list[str] = []

    def read(self, name: str, default: str, convert: Callable[[str], Value]) -> Value:
        """Convert the variable, or its default if it is unset or empty."""
        try:
            return convert(self.variables.get(name) or default)
        except ValueError as error:
            self.mistakes.append(f"{name}: {error}")
            return convert(default)


def read(variables: Mapping[str, str]) -> Environment:
    """Read all variables. Raises ImproperlyConfigured, which names every invalid one."""
    reader = Reader(variables)
    environment = Environment(
        data=reader.read("INSTARCHIVER_DATA", ".local", Path).absolute(),
        database_url=reader.read("DATABASE_URL", "postgres:///instarchiver", database_url),
        redis_url=reader.read("REDIS_URL", "redis://127.0.0.1:6379", redis_url),
        broker_timeout=reader.read("BROKER_TIMEOUT", "15", positive_number),
        database_pool_size=reader.read("DATABASE_POOL_SIZE", "0", natural_number),
        database_prepares=reader.read("DATABASE_PREPARED_STATEMENTS", "true", flag),
        web_threads=reader.read("WEB_THREADS", "8", positive_number),
        event_streams=reader.read("EVENT_STREAMS", "150", natural_number),
        secret_key=reader.read("DJANGO_SECRET_KEY", "", str),
        encryption_keys=reader.read("FIELD_ENCRYPTION_KEYS", "", encryption_keys),
        core_api_url=reader.read("CORE_API_URL", "", http_url),
        core_api_token=reader.read("CORE_API_TOKEN", "", str.strip),
        media_trusted_hosts=reader.read("MEDIA_TRUSTED_HOSTS", "", trusted_hosts),
        media_copy=reader.read("MEDIA_COPY", "", folder),
        media_min_free=reader.read("MEDIA_MIN_FREE_BYTES", str(2 * 1024**3), natural_number),
        allowed_hosts=reader.read("DJANGO_ALLOWED_HOSTS", "", words),
        trusted_origins=reader.read("DJANGO_CSRF_TRUSTED_ORIGINS", "", words),
        cors_origins=reader.read("CORS_ALLOWED_ORIGINS", "", words),
        admin_path=reader.read("DJANGO_ADMIN_PATH", "admin/", admin_path),
        email_url=reader.read("EMAIL_URL", "", email_url),
        email_sender=reader.read("EMAIL_SENDER", "instarchiver@localhost", str.strip),
        json_logs=reader.read("JSON_LOGS", "false", flag),
        security_log=reader.read("SECURITY_LOG", "", folder),
        media_redirect_prefix=reader.read("MEDIA_REDIRECT_PREFIX", "", str),
        trusted_proxies=reader.read("TRUSTED_PROXIES", "", networks),
    )
    if reader.mistakes:
        raise ImproperlyConfigured("\n  ".join(["Wrong environment:", *reader.mistakes]))
    return environment


env = read(os.environ)
