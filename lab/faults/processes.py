"""Processes that do what beat and a worker do, at a time that we choose, until they are killed.

    sweeps of config/schedules.py ──▶ messages ──▶ tasks ──▶ more messages ──▶ … ──▶ nothing left

A message that the broker does not take is lost, as in life; the next crew's sweeps find the work.
Forked, because a kill must leave nothing but what PostgreSQL and the disk hold.
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
MAX_SWEEP_INTERVAL = 60
"""Seconds: what is scheduled at least as often keeps the archive going."""
EXCLUDED_TASKS = frozenset({"storage.sweep_enrichment", "storage.enrich"})
"""Can be redone at any time, and takes longer than all the rest."""
TOUCHING = frozenset({"open", "os.rename", "os.remove", "os.mkdir"})
SECONDS_PER_JOB = 90.0

Message = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Crash:
    """A task that ended with an error, which a worker would have logged."""

    task: str
    error: str
    text: str


@dataclass(slots=True)
class Steps:
    """Counts statements and touches of stored files, shared with whoever forked the process."""

    count: Any = field(default_factory=lambda: FORK.RawValue(c_int, 0))
    kill_at: int = 0
    """The step at which the process kills itself; 0: it lives."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def watch(self) -> None:
        """Count from now on, in this process."""
        root = str(settings.MEDIA_ROOT)

        def touched(event: str, arguments: tuple[Any, ...]) -> None:
            if event in TOUCHING and str(arguments[0]).startswith(root):
                self.step()

        sys.addaudithook(touched)
        connection_created.connect(self._wrap, weak=False)

    def step(self) -> None:
        """One more; perhaps the last."""
        with self._lock:
            self.count.value += 1
            if self.count.value == self.kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    def _wrap(self, connection: Any, **_: object) -> None:
        connection.execute_wrappers.append(self._execute)

    def _execute(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        self.step()
        try:
            return execute(*arguments)
        finally:
            self.step()


@dataclass(slots=True)
class ForkedProcesses:
    """Forked processes of one case, and the errors that their tasks ended with."""

    folder: Path

    def start(self, job: Callable[[], None], *, at: datetime, steps: Steps) -> Any:
        """Fork a process that does the job, which begins at that time."""
        connections.close_all()
        process = FORK.Process(target=self._run, args=(job, at, steps))
        process.start()
        return process

    def finish(self, process: Any) -> bool:
        """Wait for its end; False when it took too long and was killed."""
        process.join(SECONDS_PER_JOB)
        if process.exitcode is not None:
            return True
        process.kill()
        process.join()
        return False

    def work(self) -> None:
        """What beat and the workers do in the moments after; errors are noted."""
        work(failed=self._note)

    def crashes(self) -> list[Crash]:
        """The errors so far. The last line of a killed process may be half a line."""
        if not self._notes.exists():
            return []
        lines = self._notes.read_text().splitlines()
        return [Crash(**json.loads(line)) for line in lines if line.endswith("}")]

    @property
    def log(self) -> Path:
        """What the processes printed."""
        return self.folder / "crew.log"

    @property
    def _notes(self) -> Path:
        return self.folder / "crashes.jsonl"

    def _run(self, job: Callable[[], None], at: datetime, steps: Steps) -> None:
        with self.log.open("ab") as log:
            for stream in (1, 2):
                os.dup2(log.fileno(), stream)
        stamina.set_testing(True, attempts=10, cap=True)  # tries as often, waits for nothing
        steps.watch()
        with time_machine.travel(at):
            job()
        connections.close_all()

    def _note(self, name: str, error: Exception) -> None:
        traceback.print_exception(error)
        note = {"task": name, "error": type(error).__name__, "text": str(error)[:300]}
        with self._notes.open("a") as notes:
            notes.write(json.dumps(note) + "\n")


def _raise(_name: str, error: Exception) -> None:
    raise error


def forget_messages() -> None:
    """Take from the broker what the crew has done: a full queue is given no more."""
    with current_app.connection_for_write() as broker:
        channel: Any = broker.channel()
        for queue in starting.QUEUES:
            channel.queue_purge(queue)


def work(
    *, without: frozenset[str] = EXCLUDED_TASKS, failed: Callable[[str, Exception], None] = _raise
) -> None:
    """Do all that is due at the moment, in this process: the sweeps, and every message of theirs.

    What fails is handed to `failed`, which may raise it.
    """
    with _messages() as messages:
        for each in SCHEDULES:
            if each.seconds <= MAX_SWEEP_INTERVAL:
                messages.append((each.task, ()))
        while messages:
            name, arguments = messages.popleft()
            if name not in without:
                _perform(name, arguments, failed)


def _perform(
    name: str, arguments: tuple[Any, ...], failed: Callable[[str, Exception], None]
) -> None:
    try:
        current_app.tasks[name](*arguments)
    except Exception as error:  # noqa: BLE001  as a worker does: it alone knows what comes next
        failed(name, error)


@contextmanager
def _messages() -> Iterator[deque[Message]]:
    """What this process sends, as far as the broker takes it; no message twice in the queue."""
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
