"""The request id: taken from the proxy or generated, logged, and returned to the client."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

import structlog
from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9-]{8,64}")

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the current request or task; "" outside of both."""


class RequestIdMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.headers.get(HEADER, "")
        identifier = offered if WELL_FORMED.fullmatch(offered) else uuid.uuid4().hex
        token = request_id.set(identifier)
        try:
            with structlog.contextvars.bound_contextvars(request_id=identifier):
                response = self.get_response(request)
        finally:
            request_id.reset(token)
        response[HEADER] = identifier
        return response
