"""The log of refused password attempts, in the API and in the admin."""

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
    """Log one refused attempt with its client address and a keyed hash of the account."""
    # The account is hashed, because people type passwords into the wrong field.
    typed = str(account).strip().lower()
    log.warning(
        "password.refused",
        reason=reason,
        path=request.path,
        address=AddressThrottle().address(request),
        account=salted_hmac("authentication.attempts", typed).hexdigest()[:16],
    )
