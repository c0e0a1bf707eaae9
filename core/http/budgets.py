"""Sockets whose every wait is cut to what is left of a budget of time.

A timeout of an HTTP client is for one read, so an answer that drips never ends. A budget holds for
connecting, TLS, headers and body together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from ssl import SSLContext
from typing import Any, Protocol

import httpcore

deadline: ContextVar[float] = ContextVar("deadline")
"""Of the call that this thread makes: a time of time.monotonic()."""


class Budget(Protocol):
    """How long an exchange may still take."""

    received: int

    def cut(self, timeout: float | None) -> float:
        """The timeout, cut to what is left. Raises ReadTimeout when nothing is."""
        ...


class DeadlineBudget:
    """A budget that ends at `deadline`, whatever arrives."""

    received = 0

    def cut(self, timeout: float | None) -> float:
        """See Budget."""
        left = deadline.get() - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the deadline of the call is over")
        return left if timeout is None else min(left, timeout)


class DeadlineNetwork(httpcore.NetworkBackend):
    """Opens sockets that keep to `deadline`."""

    def __init__(self) -> None:
        self._sockets = httpcore.SyncBackend()
        self._budget = DeadlineBudget()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect within the deadline."""
        wait = self._budget.cut(timeout)
        stream = self._sockets.connect_tcp(host, port, wait, local_address, socket_options)
        return BudgetedStream(stream, lambda: self._budget)


class BudgetedStream(httpcore.NetworkStream):
    """A socket whose every wait is cut to what is left of the budget of the moment."""

    def __init__(self, stream: httpcore.NetworkStream, budget: Callable[[], Budget]) -> None:
        self._stream = stream
        self._budget = budget

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read some bytes, and count them."""
        budget = self._budget()
        received = self._stream.read(max_bytes, budget.cut(timeout))
        budget.received += len(received)
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all bytes."""
        self._stream.write(buffer, self._budget().cut(timeout))

    def close(self) -> None:
        """Close the socket."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Go on over TLS."""
        wait = self._budget().cut(timeout)
        stream = self._stream.start_tls(ssl_context, server_hostname, wait)
        return BudgetedStream(stream, self._budget)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks of the socket."""
        return self._stream.get_extra_info(info)
