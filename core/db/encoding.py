"""The one encoding in which PostgreSQL can hold what Instagram says."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql.base import DatabaseWrapper

REQUIRED = "UTF8"


class WrongEncoding(ImproperlyConfigured):
    """The database of DATABASE_URL would refuse or garble texts."""


def require_utf8(connection: DatabaseWrapper, **_: Any) -> None:
    """Refuse each new connection to a database of another encoding. No statement is sent.

    A receiver of `connection_created`: the server names its encoding at the handshake. A pooler
    that does not pass the name on is believed. Raises WrongEncoding.
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
