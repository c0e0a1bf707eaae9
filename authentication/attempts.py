"""Attempts to guess a password: their limits and their log, in the API, pages and admin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import structlog
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from core.api.throttles import AddressThrottle, LoginThrottle
from core.users.addresses import normalised

log = structlog.get_logger("security")


class TypedAccount(LoginThrottle):
    """Counts an attempt for the account in a form. The API's login shares the counter."""

    def __init__(self, account: str) -> None:
        self.typed = account

    def account(self, _request: Any) -> str:
        return self.typed


def seconds_to_wait(request: HttpRequest, account: str | None) -> int | None:
    """Count an attempt in a form; None if it is allowed. A refused one is logged.

    `account` is what the form calls the account, None if it has no such field.
    """
    throttle = AddressThrottle() if account is None else TypedAccount(account)
    if throttle.allow_request(request):
        return None
    log_refused(request, account, reason="throttled")
    return int(throttle.wait())


def log_refused(
    request: Request | HttpRequest, account: object, *, reason: Literal["wrong", "throttled"]
) -> None:
    """Log one refused attempt with its client address and a keyed hash of the account."""
    # The account is hashed, because people type passwords into the wrong field.
    typed = normalised(str(account))
    log.warning(
        "password.refused",
        reason=reason,
        path=request.path,
        address=AddressThrottle().address(request),
        account=salted_hmac("authentication.attempts", typed).hexdigest()[:16],
    )


@contextmanager
def logged(request: Request | HttpRequest, account: object) -> Iterator[None]:
    """Log the attempt if it raises AuthenticationFailed."""
    try:
        yield
    except AuthenticationFailed:
        log_refused(request, account, reason="wrong")
        raise
