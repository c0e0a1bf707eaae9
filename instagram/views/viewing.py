"""Counts the views of posts and stories, in memory, and writes them once a minute.

A read never writes. A process that is killed loses the views of at most a minute.
"""

from __future__ import annotations

import atexit
import threading
from collections import Counter

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection
from rest_framework.request import Request

from instagram.models import PostViews, StoryViews
from instagram.models.view_tallies import ViewTally

log = structlog.get_logger(__name__)

MAX_THINGS = 10_000
"""Beyond that many in a minute, the views of further ones are not counted."""


class ViewCounter:
    """The views of this process that are not written yet. An interval of 0 counts nothing."""

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self._lock = threading.Lock()
        self._views: Counter[tuple[type[ViewTally], str]] = Counter()
        self._thread: threading.Thread | None = None

    def count(self, tally: type[ViewTally], key: str) -> None:
        """Count one view."""
        if not self.interval:
            return
        with self._lock:
            if len(self._views) < MAX_THINGS or (tally, key) in self._views:
                self._views[tally, key] += 1
            if self._thread is None:
                self._thread = threading.Timer(self.interval, self._write_and_end)
                self._thread.name = "view-counter"
                self._thread.daemon = True
                self._thread.start()

    def write(self) -> None:
        """Write what was counted, in one statement for each kind of thing."""
        with self._lock:
            views, self._views, self._thread = self._views, Counter(), None
        for tally in (PostViews, StoryViews):
            wanted = {key: number for (kind, key), number in views.items() if kind is tally}
            try:
                if wanted:
                    tally.add(wanted)
            except DatabaseError as error:
                log.warning("views.lost", views=sum(wanted.values()), error=type(error).__name__)

    def _write_and_end(self) -> None:
        close_old_connections()
        try:
            self.write()
        finally:
            connection.close()


counter = ViewCounter(settings.VIEW_WRITE_INTERVAL)
atexit.register(counter.write)


def seen(request: Request, tally: type[ViewTally], key: str) -> None:
    """Count a view, unless the client only fetches ahead, or asks whether what it has is current.

    Such a question would itself be a change, and the client would get the whole answer each time.
    """
    headers = request.headers
    if "If-None-Match" in headers:
        return
    purpose = headers.get("Sec-Purpose", headers.get("Purpose", ""))
    if request.method == "GET" and "prefetch" not in purpose:
        counter.count(tally, key)
