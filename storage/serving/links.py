"""Addresses of stored files; with private reading on, they carry a signature that expires."""

from __future__ import annotations

import time
from typing import Protocol
from urllib.parse import urlencode

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from settings import current
from storage.models import StoredFile

WINDOW = 6 * 60 * 60
"""Seconds. A URL stays the same for one window, so that clients can cache it, and works for the
rest of that window and the next."""


class Request(Protocol):
    """A request of Django or of the REST framework."""

    def build_absolute_uri(self, location: str | None = None) -> str:
        """The location with scheme and host."""


def media_url(file: StoredFile, request: Request | None = None) -> str:
    """The address of the file: absolute where a request tells the host, else a path.

    Reads the access settings once per request.
    """
    path = f"{settings.MEDIA_URL}{file.name}"
    private = current.private_reading(request) if request else current.access().private_reading
    if private:
        path = f"{path}?{urlencode(_signed(file.name))}"
    return request.build_absolute_uri(path) if request else path


def is_valid(name: str, expires: str, signature: str) -> bool:
    """Whether the signature is ours for this file, and not over yet."""
    if not constant_time_compare(signature, _signature(name, expires)):
        return False
    return int(expires) > time.time()  # our own number, since the signature is ours


def _signed(name: str) -> dict[str, str]:
    expires = str((int(time.time()) // WINDOW + 2) * WINDOW)
    return {"expires": expires, "signature": _signature(name, expires)}


def _signature(name: str, expires: str) -> str:
    return salted_hmac("storage.links", f"{name} {expires}", algorithm="sha256").hexdigest()
