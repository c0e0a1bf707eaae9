"""The live display of archive runs."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.utils import timezone
from rich.progress import BarColumn, TaskID, TextColumn

from api_logs.models import APIRequestLog
from core.management.live import LiveDisplay
from instagram.archiving.progress import Progress as RunProgress
from instagram.models import ArchiveRun, RunStream

HELD_BACK = {
    "BudgetExhausted": "the cap on the cost of a day is reached; `manage.py costs` shows it",
    "NoFreeSlot": "others take all calls that may be made a second; see Settings, Core API",
    "CallsStopped": "calls are stopped by staff or by an alarm; see the admin under Alarms",
}
"""Errors without a row in the API log, because no request was sent."""


class LiveProgress(LiveDisplay):
    """A line per profile with posts, files, bytes and rate; one total line without a terminal."""

    def __init__(self, runs: Sequence[ArchiveRun]) -> None:
        super().__init__(
            # 77 columns, so that the ^C echoed by an 80-column terminal does not wrap
            TextColumn("[bold]{task.fields[name]:<16}"),
            TextColumn("{task.fields[posts]:>5} posts"),
            BarColumn(bar_width=13),
            TextColumn("{task.fields[files]:>9} files"),
            TextColumn("{task.fields[size]:>8}"),
            TextColumn("{task.fields[rate]:>9}"),
        )
        self.started = time.monotonic()
        self.pauses: set[str] = set()
        self.lines: dict[UUID, TaskID] = {
            run.pk: self.rows.add_task(
                "", name=run.user.username, posts=0, files="", size="", rate="", total=None
            )
            for run in runs
        }

    def show(self, runs: Sequence[ArchiveRun], states: Mapping[UUID, RunProgress]) -> None:
        """Draw the current state, and print the reason for each pause once."""
        for pause in sorted({*filter(None, map(_pause, runs))} - self.pauses):
            self.pauses.add(pause)
            self.say(pause)
        streams = RunStream.objects.filter(run__in=runs, name=RunStream.Name.POSTS)
        seen = dict(streams.values_list("run_id", "seen"))
        for run in runs:
            self._update(self.lines[run.pk], states[run.pk], seen.get(run.pk, 0))
        self.say_at_times(_line([*states.values()], sum(seen.values())))

    def _update(self, line: TaskID, state: RunProgress, posts: int) -> None:
        elapsed = max(time.monotonic() - self.started, 0.1)
        self.rows.update(
            line,
            total=state.files_wanted or None,
            completed=state.files_checked + state.files_failed,
            posts=posts,
            files=f"{state.files_stored}/{state.files_wanted}",
            size=f"{state.bytes_stored / 1e6:.1f} MB",
            rate=f"{state.bytes_downloaded / 1e6 / elapsed:.1f} MB/s",
        )


def _pause(run: ArchiveRun) -> str:
    """Why an active run is paused and until when; "" if it is not."""
    if not run.is_active or run.next_attempt_at <= timezone.now():
        return ""
    reason = HELD_BACK.get(run.waits_for)
    if reason is None:
        last = APIRequestLog.objects.filter(batch=str(run.pk)).order_by("started_at").last()
        reason = last.error if last and last.error else "the log of the worker says why"
    return f"{run.user.username} tries again at {run.next_attempt_at:%H:%M:%S} UTC: {reason}"


def _line(states: Sequence[RunProgress], posts: int) -> str:
    wanted = sum(state.files_wanted for state in states)
    stored = sum(state.files_stored for state in states)
    checked = sum(state.files_checked for state in states)
    megabytes = sum(state.bytes_stored for state in states) / 1e6
    files = f"{stored} of {wanted} files stored, {checked} of them checked"
    return f"{posts} posts, {files}, {megabytes:.1f} MB"
