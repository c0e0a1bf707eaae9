"""Answers that a process keeps until the next commit.

Two snapshots of PostgreSQL with the same text show the same rows: the text names every transaction
that was open, and each commit changes it. An answer is kept with the snapshot from before it was
built, and given again only to a request that finds the same snapshot. So it is never older than
the last commit before the request, and no writer has to know about it.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.http import HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.renderers import JSONRenderer, is_indented
from settings import current

JSON = "application/json"
MAX_BYTES = 8 * 1024 * 1024
"""The total of the kept bodies, which are about 100 pages of posts."""
LINK_WINDOW = 60 * 60
"""Seconds. The signed links of a private archive change at a full hour."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A body of JSON, and the snapshot that it was built from or that came before that."""

    snapshot: str
    body: bytes
    etag: str


class AnswerCache:
    """The answers that were used last, up to a number of bytes."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self._answers: OrderedDict[Hashable, KeptAnswer] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, snapshot: str) -> KeptAnswer | None:
        """The answer for the key if nothing was committed since."""
        with self._lock:
            answer = self._answers.get(key)
            if answer is None or answer.snapshot != snapshot:
                return None
            self._answers.move_to_end(key)
            return answer

    def put(self, key: Hashable, answer: KeptAnswer) -> None:
        """Keep an answer, and drop those that were not used for longest."""
        with self._lock:
            self._drop(key)
            self._answers[key] = answer
            self.bytes += len(answer.body)
            while self.bytes > self.max_bytes:
                self._drop(next(iter(self._answers)))

    def _drop(self, key: Hashable) -> None:
        if dropped := self._answers.pop(key, None):
            self.bytes -= len(dropped.body)


kept = AnswerCache()


def to_json(data: Any) -> bytes:
    """The data as the API writes JSON."""
    return JSONRenderer().render(data)


def unchanged(
    request: Request,
    build: Callable[[], Any],
    *,
    encode: Callable[[Any], bytes] = to_json,
    media_type: str = JSON,
) -> HttpResponse:
    """The kept answer to a GET if nothing was committed since, otherwise the one that is built.

    304 if the client has it. `build` returns the data of the answer, which `encode` writes in the
    media type. It may depend on the path, the parameters, the account, the address of the server
    and the database, and on nothing else.
    """
    if media_type == JSON and is_indented(request):
        return Response(build())  # the renderer of the view does that
    snapshot = current.reading(request).snapshot
    key = _key(request)
    # The snapshot of a transaction does not show what the transaction itself has written.
    may_keep = not connection.in_atomic_block
    answer = kept.get(key, snapshot) if may_keep else None
    if answer is None:
        body = encode(build())
        answer = KeptAnswer(snapshot, body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
        if may_keep:
            kept.put(key, answer)
    response = _response(request, answer, media_type)
    response["ETag"] = answer.etag
    response["Cache-Control"] = "private, no-cache"  # a client may keep it, and has to ask
    return response


def _response(request: Request, answer: KeptAnswer, media_type: str) -> HttpResponse:
    wanted = parse_etags(request.headers.get("If-None-Match", ""))
    if answer.etag in wanted or f"W/{answer.etag}" in wanted or wanted == ["*"]:
        return HttpResponseNotModified()
    return HttpResponse(answer.body, content_type=media_type)


def _key(request: Request) -> Hashable:
    return (
        request.user.pk,
        request.scheme,
        request.get_host(),
        request.path,
        tuple(sorted((name, *values) for name, values in request.query_params.lists())),
        time.time() // LINK_WINDOW,
    )
