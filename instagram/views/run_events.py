"""The progress of runs as events.

One thread of each web process reads all runs that its streams show, once a second and in a few
statements, and wakes the streams of those that have changed.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db import DatabaseError, close_old_connections, connection

from core.api import event_streams
from core.api.renderers import JSONRenderer
from instagram.models import ArchiveRun
from instagram.serializers.runs import show_runs

log = structlog.get_logger(__name__)

INTERVAL = 1.0
MAX_INTERVAL = 10.0
HEARTBEAT = 15.0
MAX_SECONDS = 300.0
"""A longer stream continues in another request, which is authenticated like any other."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run as its address answers it. `identifier` is a digest of the body."""

    body: bytes
    has_ended: bool

    @property
    def identifier(self) -> str:
        return hashlib.sha256(self.body).hexdigest()[:16]


def read(ids: Collection[UUID]) -> dict[UUID, Snapshot]:
    """The snapshots of the runs that exist, in 5 statements."""
    runs = list(ArchiveRun.objects.filter(pk__in=ids).only("state", "calls"))
    shown = {each["id"]: each for each in show_runs(runs)}
    # Between two statements a run may be deleted, with an erased profile, or end.
    left = [run for run in runs if run.pk in shown]
    found = {
        run.pk: Snapshot(JSONRenderer().render(shown[run.pk]), not run.is_active)
        for run in left
        if shown[run.pk]["state"] == run.state
    }
    changed = [run.pk for run in left if run.pk not in found]
    return found | read(changed) if changed else found


def is_known(run_id: UUID, identifier: str) -> bool:
    """Whether the identifier is that of the run as it is now."""
    snapshot = read([run_id]).get(run_id)
    return snapshot is not None and snapshot.identifier == identifier


class RunWatcher:
    """The latest snapshots of the runs that streams of this process show."""

    def __init__(self, interval: float = INTERVAL) -> None:
        self.interval = interval
        self._changed = threading.Condition()
        self._watched: Counter[UUID] = Counter()
        self._snapshots: dict[UUID, Snapshot | None] = {}
        self._is_running = False

    @contextmanager
    def watching(self, run_id: UUID) -> Iterator[None]:
        """Keep the snapshot of a run up to date."""
        with self._changed:
            self._watched[run_id] += 1
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._run, name="run-watcher", daemon=True).start()
        try:
            yield
        finally:
            with self._changed:
                self._watched[run_id] -= 1
                if not self._watched[run_id]:
                    del self._watched[run_id]
                    self._snapshots.pop(run_id, None)

    def wait(self, run_id: UUID, *, known: str, seconds: float) -> Snapshot | None:
        """The snapshot, once it is another than the known one; None if that takes too long.

        Raises LookupError if the run does not exist any more.
        """

        def differs() -> bool:
            if run_id not in self._snapshots:
                return False
            found = self._snapshots[run_id]
            return found is None or found.identifier != known

        with self._changed:
            if not self._changed.wait_for(differs, seconds):
                return None
            found = self._snapshots[run_id]
        if found is None:
            raise LookupError
        return found

    def _run(self) -> None:
        try:
            self._refresh_until_unwatched()
        except BaseException:
            with self._changed:
                self._is_running = False  # the next stream starts another thread
            raise

    def _refresh_until_unwatched(self) -> None:
        while True:
            with self._changed:
                ids = [*self._watched]
                self._is_running = bool(ids)
            if not ids:
                return
            started = time.monotonic()
            self._refresh(ids)
            # A profile of 100,000 posts takes long to count. Reading takes a fifth of the time,
            # but a change is shown within MAX_INTERVAL also when the machine is busy.
            pause = 4 * (time.monotonic() - started)
            time.sleep(min(max(self.interval, pause), MAX_INTERVAL))

    def _refresh(self, ids: list[UUID]) -> None:
        try:
            close_old_connections()
            found = read(ids)
        except DatabaseError as error:  # the streams wait until it is back
            log.warning("run_events.unread", error=type(error).__name__)
            return
        finally:
            connection.close()
        with self._changed:
            snapshots = {run_id: found.get(run_id) for run_id in ids if run_id in self._watched}
            if snapshots != self._snapshots:
                self._snapshots = snapshots
                self._changed.notify_all()


watcher = RunWatcher()


def stream(run_id: UUID, *, last: str, may_go_on: Callable[[], bool]) -> Iterator[bytes]:
    """The events of a run after the one with the id `last`, until the run ends.

    Each event is the whole state, so a client that missed some has lost nothing. `may_go_on` is
    asked every 15 seconds, so that a ban ends the stream.
    """
    ends_at = time.monotonic() + MAX_SECONDS
    yield b"retry: %d\n\n" % (event_streams.RETRY * 1000)
    with watcher.watching(run_id):
        asked_at = time.monotonic()
        while time.monotonic() < ends_at:
            try:
                snapshot = watcher.wait(run_id, known=last, seconds=HEARTBEAT)
            except LookupError:
                yield event_streams.event("gone", b"{}", identifier="gone")
                return
            if time.monotonic() - asked_at >= HEARTBEAT:
                asked_at = time.monotonic()
                if not may_go_on():
                    return
            if snapshot is None:
                yield b": waiting\n\n"  # fails if the client is gone
                continue
            last = snapshot.identifier
            name = "end" if snapshot.has_ended else "progress"
            yield event_streams.event(name, snapshot.body, identifier=last)
            if snapshot.has_ended:
                return
