"""Trusts headers about the client only if TRUSTED_PROXIES sent them."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_")


class TrustedProxiesMiddleware:
    """Sets REMOTE_ADDR to the client's address and removes untrusted forwarding headers.

    Behind a trusted proxy, the client is the last address of X-Forwarded-For that is not a trusted
    proxy; earlier entries are sent by the client. For other peers, all `Forwarded` and
    `X-Forwarded-…` headers are removed before Django reads them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        peer = request.META.get("REMOTE_ADDR", "")  # WSGI does not require it
        if is_trusted(peer):
            request.META["REMOTE_ADDR"] = _client(request) or peer
        else:
            for name in [name for name in request.META if name.startswith(FORWARDED)]:
                del request.META[name]
        return self.get_response(request)


def is_trusted(address: str) -> bool:
    """Whether the address belongs to a trusted proxy; False if it is not an address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in settings.TRUSTED_PROXIES)


def _client(request: HttpRequest) -> str:
    """The client's address according to the proxies; "" if they sent none."""
    named = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    for address in reversed(named):
        if address and not is_trusted(address):
            return address
    return named[0]
