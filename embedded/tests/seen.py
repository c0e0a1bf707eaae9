"""A WSGI application that answers with what Django makes of a request."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import django
from django.core.handlers.wsgi import WSGIRequest

django.setup()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """JSON with the scheme, the host and the address by which requests are limited."""
    from core.api.throttles import AddressThrottle  # noqa: PLC0415  needs the settings

    request = WSGIRequest(environ)
    seen = [request.scheme, request.get_host(), AddressThrottle().address(request)]
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(seen).encode()]
