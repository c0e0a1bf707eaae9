"""Forked processes that stand in for beat and a worker on a simulated clock, until killed.

    sweeps of config/schedules.py ──▶ messages ──▶ tasks ──▶ more messages ──▶ … ──▶ none left

A message that the broker refuses is lost; the sweeps of the next process find its work. The
processes are forked so that only what PostgreSQL and the disk hold survives a kill.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import c_int
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import stamina
import time_machine
from celery import current_app
from celery.signals import after_task_publish
from django.conf import settings
from django.db import connections
from django.db.backends.signals import connection_created

from config.schedules import SCHEDULES
from instagram.archiving import starting

FORK = multiprocessing.get_context("fork")
# Seconds. Schedules that run at least this often keep the archive going.
MAX_SWEEP_INTERVAL = 60
# Enrichment can be repeated at any time, and takes longer than all other tasks together.
EXCLUDED_TASKS = frozenset({"storage.sweep_enrichment", "storage.enrich"})
TOUCHING = frozenset({"open", "os.rename", "os.remove", "os.mkdir"})
SECONDS_PER_JOB = 90.0

Message = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Crash:
    """The error of a task, as a worker would have logged it."""

    task: str
    error: str
    text: str


@dataclass(slots=True)
class Steps:
    """Counts statements and file operations in memory shared with the parent process."""

    count: Any = field(default_factory=lambda: FORK.RawValue(c_int, 0))
    # The process sends itself SIGKILL at this step; 0: never.
    kill_at: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def watch(self) -> None:
        """Start counting in this process."""
        root = str(settings.MEDIA_ROOT)

        def touched(event: str, arguments: tuple[Any, ...]) -> None:
            if event in TOUCHING and str(arguments[0]).startswith(root):
                self.step()

        # An audit hook sees every file that is opened or renamed, in any module.
        sys.addaudithook(touched)
        connection_created.connect(self._wrap, weak=False)

    def step(self) -> None:
        """Count one step, and die if it is `kill_at`."""
        # The threads of a download count, too.
        with self._lock:
            self.count.value += 1
            if self.count.value == self.kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    def _wrap(self, connection: Any, **_: object) -> None:
        connection.execute_wrappers.append(self._execute)

    def _execute(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        # Once before and once after, so that a kill can hit on either side of a COMMIT.
        self.step()
        try:
            return execute(*arguments)
        finally:
            self.step()


@dataclass(slots=True)
class ForkedProcesses:
    """The forked processes of one case and the errors that their tasks raised."""

    folder: Path

    def start(self, job: Callable[[], None], *, at: datetime, steps: Steps) -> Any:
        """Fork a process that runs the job. The process's clock starts at that time."""
        # A connection must not be used by two processes, and a fork copies open ones.
        connections.close_all()
        process = FORK.Process(target=self._run, args=(job, at, steps))
        process.start()
        return process

    def finish(self, process: Any) -> bool:
        """Wait for the process; False if it had to be killed after SECONDS_PER_JOB."""
        process.join(SECONDS_PER_JOB)
        if process.exitcode is not None:
            return True
        process.kill()
        process.join()
        return False

    def work(self) -> None:
        """Do what beat and the workers would do now. Errors of tasks are written to a file."""
        work(failed=self._note)

    def crashes(self) -> list[Crash]:
        """The errors so far. A killed process may have left half a line at the end."""
        if not self._notes.exists():
            return []
        lines = self._notes.read_text().splitlines()
        return [Crash(**json.loads(line)) for line in lines if line.endswith("}")]

    @property
    def log(self) -> Path:
        return self.folder / "crew.log"

    @property
    def _notes(self) -> Path:
        return self.folder / "crashes.jsonl"

    def _run(self, job: Callable[[], None], at: datetime, steps: Steps) -> None:
        with self.log.open("ab") as log:
            for stream in (1, 2):
                os.dup2(log.fileno(), stream)
        stamina.set_testing(True, attempts=10, cap=True)  # same number of attempts, no waits
        steps.watch()
        with time_machine.travel(at):
            job()
        connections.close_all()

    def _note(self, name: str, error: Exception) -> None:
        traceback.print_exception(error)
        note = {"task": name, "error": type(error).__name__, "text": str(error)[:300]}
        with self._notes.open("a") as notes:
            notes.write(json.dumps(note) + "\n")


def forget_messages() -> None:
    """Purge the queues, because a task is not sent to a full queue."""
    with current_app.connection_for_write() as broker:
        channel: Any = broker.channel()
        for queue in starting.QUEUES:
            channel.queue_purge(queue)


def work(
    *,
    without: frozenset[str] = EXCLUDED_TASKS,
    failed: Callable[[str, Exception], None] | None = None,
) -> None:
    """Run all frequent sweeps in this process, and every task that they or their tasks send.

    An error of a task is raised, or passed to `failed` together with the task's name.
    """
    with _messages() as messages:
        for each in SCHEDULES:
            if each.seconds <= MAX_SWEEP_INTERVAL:
                messages.append((each.task, ()))
        while messages:
            name, arguments = messages.popleft()
            if name in without:
                continue
            try:
                current_app.tasks[name](*arguments)
            except Exception as error:  # a worker catches everything too
                if failed is None:
                    raise
                failed(name, error)


@contextmanager
def _messages() -> Iterator[deque[Message]]:
    """The messages that this process publishes, without duplicates."""
    # Taken from the signal, because a refused message never reaches the broker.
    queue: deque[Message] = deque()

    def note(sender: str, body: tuple[Any, ...], **_: object) -> None:
        message = (sender, tuple(body[0]))
        if message not in queue:
            queue.append(message)

    after_task_publish.connect(note, weak=False)
    try:
        yield queue
    finally:
        after_task_publish.disconnect(note)
