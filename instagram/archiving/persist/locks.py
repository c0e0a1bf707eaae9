"""Advisory locks on posts and profiles that may have no row yet to lock."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

# One statement that takes the locks in one order, so that transactions cannot deadlock.
# PostgreSQL's memory for locks is limited and pages may be long, so there are 1,024 keys per kind.
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
    """Lock the Instagram ids of posts and profiles until the transaction ends. 1 statement.

    Call it once in a transaction, before the rows are read.
    """
    # The pages of two coauthors may insert the same new post at once, and a page may mention a
    # profile while the profile's own first answer is stored.
    wanted = [*((POST, each) for each in posts), *((PROFILE, each) for each in profiles)]
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [[kind for kind, _ in wanted], [each for _, each in wanted]])
