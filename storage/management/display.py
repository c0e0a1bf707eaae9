"""The progress of `manage.py verify`."""

from __future__ import annotations

from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

from core.management.live import LiveDisplay
from storage.fixity.inspection import Findings


class VerifyProgress(LiveDisplay):
    """Shows checked files, bytes and findings. `total` is the number of bytes to check."""

    def __init__(self, total: int) -> None:
        super().__init__(
            BarColumn(bar_width=20),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.description}"),
            TimeRemainingColumn(compact=True),
        )
        self.row = self.rows.add_task("", total=total)

    def show(self, findings: Findings) -> None:
        self.rows.update(self.row, completed=findings.bytes, description=_line(findings))
        self.say_at_times(_line(findings))


def _line(findings: Findings) -> str:
    bad = len(findings.damaged) + len(findings.lost)
    return f"{findings.checked} files, {findings.bytes / 1e6:.1f} MB, {bad} not whole"
