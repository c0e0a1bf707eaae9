"""Parses Retry-After and X-RateLimit-Reset. Pure."""

from __future__ import annotations

import re
import time
from email.utils import parsedate_to_datetime

MAX_PAUSE = 3600.0
# Larger numbers are Unix times, smaller ones are seconds.
EPOCH_BEGINS = 1_000_000_000


def asked_for(retry_after: str, reset: str = "") -> float | None:
    """The requested pause in seconds, from 0 to an hour; None if none is requested.

    Takes the values of `Retry-After` (seconds or a date) and `X-RateLimit-Reset` (seconds or a Unix
    time), "" if a header is missing.
    """
    if (pause := _pause(retry_after)) is None:
        pause = _seconds(reset)
    return None if pause is None else min(max(pause, 0.0), MAX_PAUSE)


def _pause(text: str) -> float | None:
    if (seconds := _seconds(text)) is not None:
        return seconds
    try:
        return parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None


def _seconds(text: str) -> float | None:
    if not re.fullmatch(r"\d{1,12}(\.\d+)?", text.strip(), re.ASCII):
        return None
    number = float(text)
    return number - time.time() if number >= EPOCH_BEGINS else number
