"""Progress on standard error: redrawn on a terminal, occasional lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress, ProgressColumn

LINE_SECONDS = 5.0


class LiveDisplay:
    """Shows rows of columns inside the context. The caller updates `rows`."""

    def __init__(self, *columns: ProgressColumn) -> None:
        self.console = Console(stderr=True)
        self.rows = Progress(*columns, console=self.console, disable=not self.console.is_terminal)
        self._said_at = 0.0

    def __enter__(self) -> Self:
        self.rows.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.rows.stop()

    def say(self, text: str) -> None:
        self.console.print(text, highlight=False, markup=False)

    def say_at_times(self, text: str) -> None:
        """Print the line, at most every five seconds, if rows cannot be drawn: logs stay short."""
        if not self.console.is_terminal and time.monotonic() - self._said_at > LINE_SECONDS:
            self._said_at = time.monotonic()
            self.say(text)
