"""URLs of stored files. With private reading on, they carry a signature that expires."""

from __future__ import annotations

import time
from typing import Protocol
from urllib.parse import urlencode

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from settings import current
from storage.models import StoredFile

# Seconds. Within one window a URL stays the same, so that clients can cache it. It works until the
# end of the next window.
WINDOW = 6 * 60 * 60


class Request(Protocol):
    """A request of Django or of Django REST framework."""

    def build_absolute_uri(self, location: str | None = None) -> str:
        """Return the location with scheme and host."""


class MediaLinks:
    """The URLs of files in one answer: absolute if there is a request, else paths.

    Reads the access settings once per request.
    """

    def __init__(self, request: Request | None = None) -> None:
        self.base = settings.MEDIA_URL
        if request:
            self.base = request.build_absolute_uri(self.base)
            self.are_signed = current.reading(request).is_private
        else:
            self.are_signed = current.access().private_reading

    def url(self, name: str) -> str:
        """Return the URL of the file with this `StoredFile.name`."""
        if not self.are_signed:
            return f"{self.base}{name}"
        # All links of a window expire together, so that caches see the same URL again.
        expires = str((int(time.time()) // WINDOW + 2) * WINDOW)
        query = urlencode({"expires": expires, "signature": _signature(name, expires)})
        return f"{self.base}{name}?{query}"


def links_of(request: Request) -> MediaLinks:
    """The URLs of the files in the answer to a request, made at the first call for it."""
    kept = vars(request)
    if "links" not in kept:
        kept["links"] = MediaLinks(request)
    found: MediaLinks = kept["links"]
    return found


def media_url(file: StoredFile, request: Request | None = None) -> str:
    """Return the URL of one file, as MediaLinks does."""
    return MediaLinks(request).url(file.name)


def is_valid(name: str, expires: str, signature: str) -> bool:
    """Return whether the signature belongs to this file and has not expired."""
    if not constant_time_compare(signature, _signature(name, expires)):
        return False
    return int(expires) > time.time()  # always a number here, because we signed it


def _signature(name: str, expires: str) -> str:
    return salted_hmac("storage.links", f"{name} {expires}", algorithm="sha256").hexdigest()
