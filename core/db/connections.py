"""The database connections of web processes."""

from __future__ import annotations

from typing import Any, TypeVar

from psycopg import Connection, OperationalError
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

Result = TypeVar("Result")

STATEMENT_TIMEOUT = 30.0
"""Seconds; a request that takes longer has lost its client."""
CHECK_TIMEOUT = 1.5
"""Seconds that a server has to answer the pool's check of a connection."""


class WebConnection(Connection[Any]):
    """A connection that gives up on a server which does not answer.

    `statement_timeout` is the server's own, and one that hangs does not keep it: each request would
    take a thread for good, until none is left for `/health/`.
    """

    timeout = STATEMENT_TIMEOUT

    def wait(
        self, gen: PQGen[Result], interval: float = 0.1, timeout: float | None = None
    ) -> Result:
        """Wait as psycopg does, but no longer than `timeout`. OperationalError when it is over."""
        try:
            return super().wait(gen, interval, self.timeout if timeout is None else timeout)
        except OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:  # still no answer
                self.close()
            raise

    def execute(self, *arguments: Any, **options: Any) -> Any:
        """Run a statement of the pool, which checks the connection by one. Django has cursors."""
        self.timeout = CHECK_TIMEOUT
        try:
            return super().execute(*arguments, **options)
        finally:
            self.timeout = STATEMENT_TIMEOUT
