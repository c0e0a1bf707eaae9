"""`Idempotency-Key`: a POST that is sent again is answered again, and not done again."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.db import IntegrityError, transaction
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.permissions import signed_in
from core.api.renderers import JSONRenderer
from core.db.retrying import retry_on_conflict
from core.models import IdempotencyKey

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
WELL_FORMED = re.compile(r"[\x21-\x7e]{1,255}")

Method = TypeVar("Method", bound=Callable[..., Response])


class KeyOfAnother(APIException):
    """422: the key belongs to a request with another body."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = f"This {HEADER} was used for another request."
    default_code = "idempotency_key_reused"


def idempotent(method: Method) -> Method:
    """A method of a viewset that creates, whose successful answers are kept for 24 hours.

    It runs in one transaction, so it must not call other services. A second request with the same
    key waits for the first one. Refused requests keep nothing: they can be corrected.
    """

    @functools.wraps(method)
    def answered(view: Any, request: Request, **path: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return method(view, request, **path)
        if not WELL_FORMED.fullmatch(key):
            raise ValidationError({HEADER: ["Use 1 to 255 visible ASCII characters."]})
        return _once(request, key, lambda: method(view, request, **path))

    parameter = OpenApiParameter(
        HEADER,
        {"type": "string", "pattern": f"^{WELL_FORMED.pattern}$"},
        OpenApiParameter.HEADER,
        description="Any unique text. For 24 hours, the same request gets the same answer.",
    )
    return cast("Method", extend_schema(parameters=[parameter])(answered))


@retry_on_conflict
@transaction.atomic
def _once(request: Request, key: str, work: Callable[[], Response]) -> Response:
    account, wanted = signed_in(request), _digest(request)
    kept = IdempotencyKey.objects.filter(account=account)
    kept.filter(created_at__lte=timezone.now() - IdempotencyKey.LIFETIME).delete()
    try:
        with transaction.atomic():  # waits for a request with the same key
            row = kept.create(account=account, key=key, request_digest=wanted)
    except IntegrityError:
        row = kept.get(key=key)
        if row.request_digest != wanted:
            raise KeyOfAnother from None
        return Response(json.loads(row.body), row.status, headers={REPLAYED: "true"})
    response = work()
    row.status = response.status_code
    row.body = JSONRenderer().render(response.data).decode()
    row.save(update_fields=["status", "body"])
    return response


def _digest(request: Request) -> str:
    facts = [request.method, request.get_full_path(), request.data]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
