"""The live display of running archive runs, on a terminal or as plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self
from uuid import UUID

from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from api_logs.models import APIRequestLog
from instagram.archiving.progress import Progress as RunProgress
from instagram.models import ArchiveRun, RunStream

LINE_SECONDS = 5.0
HELD_BACK = {
    "BudgetExhausted": "the cap on the cost of a day is reached; `manage.py costs` shows it",
    "NoFreeSlot": "others take all calls that may be made a second; see Settings, Core API",
    "CallsStopped": "calls are stopped by staff or by an alarm; see the admin under Alarms",
}
"""Errors that leave no row in the API log, because nothing was sent."""


class LiveProgress:
    """A line per profile with posts, files, bytes and rate; redrawn on a terminal.

    Where standard error is no terminal, one plain line in all every five seconds, so that a log
    stays readable.
    """

    def __init__(self, runs: Sequence[ArchiveRun]) -> None:
        self.console = Console(stderr=True)
        self.started = time.monotonic()
        self.last_line = 0.0
        self.pauses: set[str] = set()
        self.display = Progress(
            # 77 columns: the ^C that a terminal of 80 echoes must not wrap
            TextColumn("[bold]{task.fields[name]:<16}"),
            TextColumn("{task.fields[posts]:>5} posts"),
            BarColumn(bar_width=13),
            TextColumn("{task.fields[files]:>9} files"),
            TextColumn("{task.fields[size]:>8}"),
            TextColumn("{task.fields[rate]:>9}"),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self.lines: dict[UUID, TaskID] = {
            run.pk: self.display.add_task(
                "", name=run.user.username, posts=0, files="", size="", rate="", total=None
            )
            for run in runs
        }

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

    def show(self, runs: Sequence[ArchiveRun], states: Mapping[UUID, RunProgress]) -> None:
        """Draw the present state, and say once of each pause why it is made."""
        for pause in sorted({*filter(None, map(_pause, runs))} - self.pauses):
            self.pauses.add(pause)
            self.console.print(pause, highlight=False, markup=False)
        seen = _posts_seen(runs)
        for run in runs:
            self._update(self.lines[run.pk], states[run.pk], seen.get(run.pk, 0))
        if not self.console.is_terminal and time.monotonic() - self.last_line > LINE_SECONDS:
            self.last_line = time.monotonic()
            self.console.print(_line([*states.values()], sum(seen.values())), highlight=False)

    def _update(self, line: TaskID, state: RunProgress, posts: int) -> None:
        elapsed = max(time.monotonic() - self.started, 0.1)
        self.display.update(
            line,
            total=state.files_wanted or None,
            completed=state.files_checked + state.files_failed,
            posts=posts,
            files=f"{state.files_stored}/{state.files_wanted}",
            size=f"{state.bytes_stored / 1e6:.1f} MB",
            rate=f"{state.bytes_downloaded / 1e6 / elapsed:.1f} MB/s",
        )


def _posts_seen(runs: Sequence[ArchiveRun]) -> dict[UUID, int]:
    streams = RunStream.objects.filter(run__in=runs, name=RunStream.Name.POSTS)
    return dict(streams.values_list("run_id", "seen"))


def _pause(run: ArchiveRun) -> str:
    """Why an active run stands still, and until when; empty while it does not."""
    if not run.is_active or run.next_attempt_at <= timezone.now():
        return ""
    reason = HELD_BACK.get(run.waits_for) or _last_error(run)
    return f"{run.user.username} tries again at {run.next_attempt_at:%H:%M:%S} UTC: {reason}"


def _last_error(run: ArchiveRun) -> str:
    last = APIRequestLog.objects.filter(batch=str(run.pk)).order_by("started_at").last()
    return last.error if last and last.error else "the log of the worker says why"


def _line(states: Sequence[RunProgress], posts: int) -> str:
    wanted = sum(state.files_wanted for state in states)
    stored = sum(state.files_stored for state in states)
    checked = sum(state.files_checked for state in states)
    megabytes = sum(state.bytes_stored for state in states) / 1e6
    files = f"{stored} of {wanted} files stored, {checked} of them checked"
    return f"{posts} posts, {files}, {megabytes:.1f} MB"
