"""The database connection of the log and the gate.

It is a connection of its own, so that a rollback of the work around a call does not undo the row,
the price and the slot of that call.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction

CONNECTION = "api_log"


@contextmanager
def short_transaction() -> Iterator[None]:
    """Open a transaction that PostgreSQL ends if its client hangs for 10 seconds. 1 statement."""
    # All workers need the rows that it locks. The limit is set for the transaction, because a
    # pooler hands the session to other clients.
    with transaction.atomic(using=CONNECTION):
        with connections[CONNECTION].cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '10s'")
        yield
