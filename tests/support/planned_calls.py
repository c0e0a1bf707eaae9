"""Attempts that pass the gate, alone or in many threads at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any, TypeVar

from django.db import connections

from api_logs.gate import admission
from api_logs.recording import Attempt
from core.utils.errors import CoreAPIError
from settings.current import CoreAPIConfig

Result = TypeVar("Result")

PRICE = Decimal("0.0010")
PROVIDER: dict[str, Any] = {
    "base_url": "https://core.example", "token": "sesame", "timeout_seconds": 60,
}  # fmt: skip


def attempt(endpoint: str = "user_posts", price: Decimal = PRICE, **provider: Any) -> Attempt:
    """An attempt at a provider whose rate delays no test by default."""
    config = CoreAPIConfig(**{**PROVIDER, "requests_per_second": 1000.0, **provider})
    return Attempt(endpoint, "1", "/fetch", {}, price, config)


def make(planned: Attempt, *, status: int = 200, error: CoreAPIError | None = None) -> None:
    """Pass the gate and end with the status, or with the error, which is raised."""
    with admission.admitted(planned) as outcome:
        outcome.http_status = status
        if error is not None:
            raise error


def in_threads(count: int, work: Callable[[], Result]) -> list[Result | CoreAPIError]:
    """The result of each of `count` threads, or the CoreAPIError that it raised."""

    def one(_: int) -> Result | CoreAPIError:
        try:
            return work()
        except CoreAPIError as error:
            return error
        finally:
            # Django closes a thread's connections only after a request or a task.
            connections.close_all()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))
