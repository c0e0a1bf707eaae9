"""How far a verification has come, on a terminal or as plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from storage.inspection import Findings

LINE_SECONDS = 5.0


class VerifyProgress:
    """Files, bytes and findings; on a terminal with a bar, else a plain line every five seconds."""

    def __init__(self, total: int) -> None:
        self.console = Console(stderr=True)
        self.last_line = time.monotonic()
        self.display = Progress(
            BarColumn(bar_width=20),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.description}"),
            TimeRemainingColumn(compact=True),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self.line = self.display.add_task("", total=total)

    def __enter__(self) -> Self:
        self.display.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.display.stop()

    def show(self, findings: Findings) -> None:
        """Draw the present state."""
        self.display.update(self.line, completed=findings.bytes, description=_line(findings))
        if not self.console.is_terminal and time.monotonic() - self.last_line > LINE_SECONDS:
            self.last_line = time.monotonic()
            self.console.print(_line(findings), highlight=False)


def _line(findings: Findings) -> str:
    bad = len(findings.damaged) + len(findings.lost)
    return f"{findings.checked} files, {findings.bytes / 1e6:.1f} MB, {bad} not whole"
