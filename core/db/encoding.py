"""Requires a database with UTF-8 encoding."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql.base import DatabaseWrapper

REQUIRED = "UTF8"


class WrongEncoding(ImproperlyConfigured):
    """The encoding of DATABASE_URL's database cannot store every text."""


def require_utf8(connection: DatabaseWrapper, **_: Any) -> None:
    """A receiver of `connection_created` that rejects databases of another encoding.

    The server reports its encoding during the handshake, so no statement is sent. A pooler that
    does not report it is trusted. Raises WrongEncoding.
    """
    found = connection.connection.info.parameter_status("server_encoding")
    if found in {None, REQUIRED}:
        return
    name = connection.settings_dict["NAME"]
    connection.close()
    raise WrongEncoding(
        f"DATABASE_URL: the database {name} has the encoding {found}, and an archive needs "
        f"{REQUIRED}. Make another one and name it in DATABASE_URL:\n"
        f"  createdb --encoding={REQUIRED} --template=template0 instarchiver"
    )
