"""Locks on what may have no row yet, which therefore cannot be locked by its row."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

# One statement, in one order for all, so that no two transactions wait for each other. PostgreSQL's
# room for locks is limited and pages may be long, so there are 1,024 of each kind.
LOCK = """
SELECT pg_advisory_xact_lock(kind, key)
  FROM (
      SELECT DISTINCT kind, hashtext(id) & 1023 AS key
        FROM unnest(%s::int[], %s::text[]) AS wanted (kind, id)
       ORDER BY kind, key
  ) keys
"""
POST, PROFILE = 1, 2


def hold(*, posts: Iterable[str] = (), profiles: Iterable[str] = ()) -> None:
    """Wait for everybody who brings one of them, and make others wait until the transaction ends.

    Two coauthors' pages may bring the same new post at once, and a page may mention a profile while
    the profile's own first answer comes. To be called once in a transaction, before anything is
    read; nothing is written for it. 1 statement.
    """
    wanted = [*((POST, each) for each in posts), *((PROFILE, each) for each in profiles)]
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [[kind for kind, _ in wanted], [each for _, each in wanted]])
