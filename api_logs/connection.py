"""The connection of the log and of what decides about calls.

It is one of its own, so a rollback of the work around a call takes none of it away.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction

CONNECTION = "api_log"


@contextmanager
def short_transaction() -> Iterator[None]:
    """A transaction that PostgreSQL ends when its client hangs: all workers need what it locks.

    The limit is set in the transaction and not in the session, which a pooler hands to others.
    1 statement.
    """
    with transaction.atomic(using=CONNECTION):
        with connections[CONNECTION].cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '10s'")
        yield
