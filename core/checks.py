"""Checks of PostgreSQL and Redis that run with `migrate`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, Error
from django.db import DEFAULT_DB_ALIAS, connections
from django.utils import timezone

from core.clocks import TOLERANCE

REFERENCES = """
SELECT DISTINCT source.relname, target.relname
FROM pg_constraint AS reference
JOIN pg_class AS source ON source.oid = reference.conrelid
JOIN pg_class AS target ON target.oid = reference.confrelid
WHERE reference.contype = 'f'
ORDER BY 1, 2
"""


def clocks(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """core.E001: the clocks of PostgreSQL and this machine differ by minutes."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            [theirs] = cursor.fetchone()
        difference = timezone.now() - theirs
        if abs(difference) > TOLERANCE:
            found.append(_clocks_differ(difference))
    return found


def _clocks_differ(difference: timedelta) -> CheckMessage:
    side = "ahead of" if difference > timedelta() else "behind"
    return Error(
        f"The clock of this machine is {abs(difference)} {side} PostgreSQL's.",
        hint="Signed addresses, pauses and stories live by the clock: set it right on both sides.",
        id="core.E001",
    )


def leftover_tables(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """core.W001: a table of no installed app refers to a table of the archive."""
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(REFERENCES)
        references = cursor.fetchall()
    known = {*connections[DEFAULT_DB_ALIAS].introspection.django_table_names()}
    return [
        checks.Warning(
            f"The table {table} belongs to no installed app and refers to {archived}.",
            hint="Rows that it refers to cannot be erased. Install its feature again and run "
            "`manage.py migrate LABEL zero`, or drop the table.",
            id="core.W001",
        )
        for table, archived in references
        if table not in known and archived in known
    ]


def eviction(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """core.E002: Redis evicts keys when it is full, such as messages and pauses.

    An unreachable Redis is not reported here, but by `/health/`.
    """
    if not databases:
        return []
    from redis.exceptions import RedisError  # noqa: PLC0415  as the next import

    from core import broker  # noqa: PLC0415  loads redis, which most commands do without

    try:
        with broker.client(decode_responses=True) as redis:
            found: Any = redis.config_get("maxmemory*")
    except RedisError:  # unreachable, or a hosted service that hides its configuration
        return []
    policy = found.get("maxmemory-policy", "noeviction")
    if policy == "noeviction" or found.get("maxmemory") == "0":
        return []
    return [
        Error(
            f"Redis drops keys when it is full: maxmemory-policy is {policy}.",
            hint="redis-cli CONFIG SET maxmemory-policy noeviction, and the same in its settings.",
            id="core.E002",
        )
    ]
