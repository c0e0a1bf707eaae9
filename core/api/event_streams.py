"""Server-sent events, in the threads of the web process.

A stream waits in a thread of its own, which costs a few dozen kilobytes. `core.middleware` keeps
WEB_THREADS others for requests, and EVENT_STREAMS bounds the streams, so neither starves the other.
A stream holds no connection to the database while it waits.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from rest_framework.exceptions import APIException

MEDIA_TYPE = "text/event-stream"
RETRY = 2
"""Seconds after which a browser connects again."""


class TooManyStreams(APIException):
    """503: as many streams as EVENT_STREAMS are open in this process. The client polls instead."""

    status_code = 503
    default_detail = "Too many event streams are open. Poll, and try again later."
    wait = 15  # becomes Retry-After


class Slots:
    """How many streams are open in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.taken = 0

    def take(self) -> None:
        """Raises TooManyStreams."""
        with self._lock:
            if self.taken >= settings.EVENT_STREAMS:
                raise TooManyStreams
            self.taken += 1

    def release(self) -> None:
        with self._lock:
            self.taken -= 1


slots = Slots()


class EventStream(Iterator[bytes]):
    """Takes a slot until it is closed, also if the client is gone before the first event."""

    def __init__(self, events: Iterator[bytes]) -> None:
        slots.take()
        self._events = events
        self._is_closed = False

    def __next__(self) -> bytes:
        return next(self._events)

    def close(self) -> None:
        """Django calls it when the answer ends, however it ends."""
        if not self._is_closed:
            self._is_closed = True
            slots.release()
            self._events.close()  # type: ignore[attr-defined]  # of generators


def event(name: str, data: bytes, *, identifier: str) -> bytes:
    """One event. `data` has no line breaks."""
    head = f"id: {identifier}\nevent: {name}\ndata: "
    return head.encode() + data + b"\n\n"


def answer(events: Iterator[bytes]) -> StreamingHttpResponse:
    """Stream the events. Raises TooManyStreams."""
    stream = EventStream(events)
    # nginx would collect the events in its buffer.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(stream, content_type=MEDIA_TYPE, headers=headers)


def afresh(request: HttpRequest) -> HttpRequest:
    """The request with its session and its user read again."""
    copied = copy.copy(request)
    vars(copied).pop("_cached_user", None)  # where Django's middleware keeps it
    SessionMiddleware(_unanswered).process_request(copied)
    AuthenticationMiddleware(_unanswered).process_request(copied)
    return copied


def _unanswered(_request: HttpRequest) -> HttpResponse:
    raise NotImplementedError
