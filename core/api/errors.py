"""Every answer of the API is JSON, errors included."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound, ParseError, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from core.api.keyset import BadCursor
from core.middleware import request_id

RETRY_AFTER = 5
"""Seconds."""


class TooLarge(APIException):
    """The body is longer than DATA_UPLOAD_MAX_MEMORY_SIZE."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request body is too large."
    default_code = "too_large"


REFUSALS: dict[type[Exception], Callable[[Any], APIException]] = {
    RequestDataTooBig: lambda _: TooLarge(),
    SuspiciousOperation: lambda _: ParseError("Bad request."),
    BadCursor: lambda _: NotFound("Invalid cursor."),
}
"""What answers an exception that Django REST framework does not know, or a subclass of it.

The views of an app add the refusals of its actions, because this module may not import them.
"""


def exception_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an exception raised in a view; None for our own faults, which `server_error` answers.

    A validation error without a field stands under `non_field_errors`, and what is wrong inside a
    field in the list of that field, so that every 400 for wrong input has one shape.
    """
    answer = next((REFUSALS[kind] for kind in type(error).__mro__ if kind in REFUSALS), None)
    if answer:
        error = answer(error)
    if isinstance(error, ValidationError):
        error = ValidationError(_by_field(error.detail))
    return exception_handler(error, context)


def _by_field(detail: Any) -> dict[str, list[Any]]:
    if isinstance(detail, dict):
        return {field: [*_messages(wrong)] for field, wrong in detail.items()}
    return {"non_field_errors": [*_messages(detail)]}


def _messages(detail: Any) -> Iterator[Any]:
    """Every message in what serializers nest: lists of lists, and items by their places."""
    if isinstance(detail, dict):
        detail = detail.values()
    elif not isinstance(detail, list):
        yield detail
        return
    for each in detail:
        yield from _messages(each)


# Django passes `exception` to its handlers by that name.


def bad_request(_request: HttpRequest, exception: Exception) -> JsonResponse:  # noqa: ARG001  above
    """handler400: a request that Django itself refuses, such as one for an unknown host."""
    return JsonResponse({"detail": "Bad request."}, status=400)


def forbidden(_request: HttpRequest, exception: Exception) -> JsonResponse:  # noqa: ARG001  above
    """handler403."""
    return JsonResponse({"detail": "Forbidden."}, status=403)


@csrf_exempt
def not_found(
    request: HttpRequest,
    exception: Exception | None = None,  # noqa: ARG001  above
) -> JsonResponse:
    """handler404, and the view behind every unknown path of the API.

    As a view it answers JSON with DEBUG on too, where Django shows its own page instead of a
    handler's answer.
    """
    hint = "" if request.path.endswith("/") else " Every path ends in a slash."
    return JsonResponse({"detail": f"Not found.{hint}"}, status=404)


def server_error(_request: HttpRequest) -> JsonResponse:
    """handler500: the id finds the traceback in the logs, and tells a stranger nothing.

    503 where the database could not be reached, or gave up: the same request may succeed later.
    """
    if isinstance(sys.exception(), OperationalError | InterfaceError):
        return unavailable()
    body = {"detail": "Internal server error.", "request_id": request_id.get()}
    return JsonResponse(body, status=500)


def unavailable() -> JsonResponse:
    """The answer while the database is away, which a client may repeat after the pause it names."""
    body = {"detail": "The database is not available.", "request_id": request_id.get()}
    return JsonResponse(body, status=503, headers={"Retry-After": str(RETRY_AFTER)})
