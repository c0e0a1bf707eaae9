"""How many requests are answered at once, and the id of each."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable
from contextvars import ContextVar

import structlog
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from core import security_log

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9-]{8,64}")

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the current request or task; "" outside of both."""


class ConcurrencyMiddleware:
    """Answers at most WEB_THREADS requests at once. The other threads belong to event streams.

    A streamed answer has left when its first byte is sent, and gives back its connection to the
    database before: a slow client of a large file would otherwise keep it from others.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.room = threading.BoundedSemaphore(settings.WEB_THREADS)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with self.room:
            response = self.get_response(request)
            if response.streaming and not connection.in_atomic_block:
                connection.close()
            return response


class RequestIdMiddleware:
    """Takes the id from the proxy or makes one, logs it, and returns it to the client."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.headers.get(HEADER, "")
        identifier = offered if WELL_FORMED.fullmatch(offered) else uuid.uuid4().hex
        token = request_id.set(identifier)
        try:
            address = request.META.get("REMOTE_ADDR", "")
            with (
                structlog.contextvars.bound_contextvars(request_id=identifier),
                security_log.client_address(address),
            ):
                response = self.get_response(request)
        finally:
            request_id.reset(token)
        response[HEADER] = identifier
        return response


class RateLimitMiddleware:
    """Tells clients what is left of their limits (draft-ietf-httpapi-ratelimit-headers-10)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if limits := getattr(request, "rate_limits", None):
            response["RateLimit-Policy"] = ", ".join(
                f'"{each.name}";q={each.most};w={each.window}' for each in limits
            )
            response["RateLimit"] = ", ".join(
                f'"{each.name}";r={each.left};t={each.reset}' for each in limits
            )
        return response
