"""The database connections of web processes."""

from __future__ import annotations

from typing import Any, TypeVar

from psycopg import Connection, OperationalError
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

Result = TypeVar("Result")

STATEMENT_TIMEOUT = 30.0
"""Seconds. After this, the client of a request has usually given up."""
CHECK_TIMEOUT = 1.5
"""Seconds that a server may take to answer the pool's connection check."""


class WebConnection(Connection[Any]):
    """A connection that times out if the server does not answer.

    `statement_timeout` is enforced by the server, so it does not help if the server hangs. Without
    a timeout of our own each request would block a thread, until none is left for `/health/`.
    """

    timeout = STATEMENT_TIMEOUT

    def wait(
        self, gen: PQGen[Result], interval: float = 0.1, timeout: float | None = None
    ) -> Result:
        """Wait as psycopg does, but raise OperationalError after `timeout`."""
        try:
            return super().wait(gen, interval, self.timeout if timeout is None else timeout)
        except OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:  # no answer
                self.close()
            raise

    def execute(self, *arguments: Any, **options: Any) -> Any:
        """Run the pool's connection check. Django uses cursors instead of this method."""
        self.timeout = CHECK_TIMEOUT
        try:
            return super().execute(*arguments, **options)
        finally:
            self.timeout = STATEMENT_TIMEOUT
