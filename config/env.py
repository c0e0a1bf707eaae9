"""The process environment, read once and typed: everything that is configured from outside.

Only `config/settings/*` read this module; the rest of the code reads `django.conf.settings`, and
what staff can change at run time comes from `settings/current.py`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

Value = TypeVar("Value")

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off", ""})
HOST_AND_PORT = re.compile(r"[A-Za-z0-9.\-]+:\d{1,5}|\[[0-9A-Fa-f:]+\]:\d{1,5}")


def flag(text: str) -> bool:
    """Read yes or no; any other word is refused."""
    word = text.strip().lower()
    if word not in TRUE | FALSE:
        raise ValueError("must be one of 1, true, yes, on, 0, false, no, off")
    return word in TRUE


def words(text: str) -> tuple[str, ...]:
    """Split a comma-separated list, leaving out empty entries."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def trusted_hosts(text: str) -> frozenset[str]:
    """Read `host:port` entries; the port is required, because the match is exact."""
    entries = words(text.lower())
    for entry in entries:
        if not HOST_AND_PORT.fullmatch(entry):
            raise ValueError(f"{entry!r} is not host:port")
    return frozenset(entries)


def http_url(text: str) -> str:
    """Read an http(s) URL without its trailing slash, or an empty string."""
    url = text.strip().rstrip("/")
    if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
        raise ValueError("must be an http:// or https:// address")
    return url


def natural_number(text: str) -> int:
    """Read a whole number from 0."""
    number = int(text)
    if number < 0:
        raise ValueError("must not be negative")
    return number


@dataclass(frozen=True, slots=True)
class Environment:
    """What the environment says. Secrets are kept out of the repr."""

    data: Path
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    database_pool_size: int
    secret_key: str = field(repr=False)
    encryption_keys: tuple[str, ...] = field(repr=False)
    core_api_url: str
    core_api_token: str = field(repr=False)
    media_trusted_hosts: frozenset[str]
    allowed_hosts: tuple[str, ...]
    trusted_origins: tuple[str, ...]
    cors_origins: tuple[str, ...]
    admin_path: str
    email_url: str = field(repr=False)
    json_logs: bool
    media_redirect_prefix: str
    trusted_proxies: int


class Reader:
    """Collects every mistake, so that an operator sees all of them at once."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = variables
        self.mistakes: list[str] = []

    def read(self, name: str, default: str, convert: Callable[[str], Value]) -> Value:
        """Convert the variable, or its default where it is unset."""
        try:
            return convert(self.variables.get(name, default))
        except ValueError as error:
            self.mistakes.append(f"{name}: {error}")
            return convert(default)


def read(variables: Mapping[str, str]) -> Environment:
    """Read all variables. Raises ImproperlyConfigured naming every one that makes no sense."""
    reader = Reader(variables)
    environment = Environment(
        data=reader.read("INSTARCHIVER_DATA", ".local", Path).absolute(),
        database_url=reader.read("DATABASE_URL", "postgres:///instarchiver", str),
        redis_url=reader.read("REDIS_URL", "redis://127.0.0.1:6379", str).rstrip("/"),
        database_pool_size=reader.read("DATABASE_POOL_SIZE", "0", natural_number),
        secret_key=reader.read("DJANGO_SECRET_KEY", "", str),
        encryption_keys=reader.read("FIELD_ENCRYPTION_KEYS", "", words),
        core_api_url=reader.read("CORE_API_URL", "", http_url),
        core_api_token=reader.read("CORE_API_TOKEN", "", str.strip),
        media_trusted_hosts=reader.read("MEDIA_TRUSTED_HOSTS", "", trusted_hosts),
        allowed_hosts=reader.read("DJANGO_ALLOWED_HOSTS", "", words),
        trusted_origins=reader.read("DJANGO_CSRF_TRUSTED_ORIGINS", "", words),
        cors_origins=reader.read("CORS_ALLOWED_ORIGINS", "", words),
        admin_path=reader.read("DJANGO_ADMIN_PATH", "admin/", str),
        email_url=reader.read("EMAIL_URL", "", str),
        json_logs=reader.read("JSON_LOGS", "false", flag),
        media_redirect_prefix=reader.read("MEDIA_REDIRECT_PREFIX", "", str),
        trusted_proxies=reader.read("TRUSTED_PROXIES", "0", natural_number),
    )
    if reader.mistakes:
        raise ImproperlyConfigured("Wrong environment: " + "; ".join(reader.mistakes))
    return environment


env = read(os.environ)
