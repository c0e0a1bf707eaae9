"""Attempts at a password: how one that was refused is logged, wherever it was made."""

from __future__ import annotations

from typing import Literal

import structlog
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from rest_framework.request import Request

from core.api.throttles import AddressThrottle

log = structlog.get_logger(__name__)


def log_refused(
    request: Request | HttpRequest, account: object, *, reason: Literal["wrong", "throttled"]
) -> None:
    """One event for each refused attempt, with where it came from and never the password.

    The account is a keyed hash of what was typed: people type passwords into the wrong field.
    """
    typed = str(account).strip().lower()
    log.warning(
        "password.refused",
        reason=reason,
        path=request.path,
        address=AddressThrottle().address(request),
        account=salted_hmac("authentication.attempts", typed).hexdigest()[:16],
    )
