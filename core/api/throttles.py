"""Limits on requests, counted in a sliding window.

Two counters per client, of this window and of the one before, which counts by the share of it
that the sliding window still covers. So a request costs three short Redis commands, however high
its limit is, and no client gets twice its limit around the turn of a window.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import structlog
from django.core.cache import BaseCache, caches
from django.http import HttpRequest
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

if TYPE_CHECKING:  # rest_framework.views imports this module, by its name in the settings
    from rest_framework.views import APIView

log = structlog.get_logger(__name__)

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
IPV6_SITE = 64  # bits of an IPv6 address that a provider gives a customer, who chooses the rest


class SlidingWindow(BaseThrottle, ABC):
    """At most as many requests per client as DEFAULT_THROTTLE_RATES says for the scope.

    Reading must not depend on Redis: without it nothing is counted, unless a subclass names
    another cache in `without_redis`.
    """

    scope: str
    pause: float = 0
    without_redis: str | None = None  # the cache that counts then; None: everything passes

    @abstractmethod
    def client(self, request: Request | HttpRequest) -> str | None:
        """Who is counted; None for requests that this limit does not concern."""

    def allow_request(self, request: Request | HttpRequest, _view: APIView | None = None) -> bool:
        """Count the request; False when the client has used up its limit."""
        client = self.client(request)
        return client is None or self._passes(hashlib.sha256(client.encode()).hexdigest())

    def address(self, request: Request | HttpRequest) -> str:
        """Where a request comes from: an IPv4 address, or the /64 network of an IPv6 one."""
        return site_of(str(self.get_ident(request)))  # type: ignore[arg-type]  # reads headers only

    def wait(self) -> float:
        """Seconds until the next request would pass, at least one."""
        return max(1, math.ceil(self.pause))

    def _passes(self, client: str) -> bool:
        try:
            return self._counted(client, caches["default"])
        except RedisError as error:
            log.warning("throttle.without_redis", scope=self.scope, error=type(error).__name__)
            return self.without_redis is None or self._counted(client, caches[self.without_redis])

    def _counted(self, client: str, cache: BaseCache) -> bool:
        limit, window = _rate(self.scope)
        number, elapsed = divmod(time.time(), window)
        key = f"throttle:{self.scope}:{client}:{int(number)}"
        before = cache.get(f"throttle:{self.scope}:{client}:{int(number) - 1}", 0)
        cache.add(key, 0, timeout=2 * window)
        now = cache.incr(key)
        if before * (1 - elapsed / window) + now <= limit:
            return True
        cache.decr(key)  # a refused request must not push the end of the pause away
        self.pause = _pause(limit, window, elapsed=elapsed, before=before, now=now - 1)
        return False


class AnonymousThrottle(SlidingWindow):
    """Whoever is not signed in, by address."""

    scope = "anonymous"

    def client(self, request: Request | HttpRequest) -> str | None:
        """The address of a stranger."""
        return None if request.user.is_authenticated else self.address(request)


class AccountThrottle(SlidingWindow):
    """Whoever is signed in, from wherever."""

    scope = "account"

    def client(self, request: Request | HttpRequest) -> str | None:
        """The account."""
        return str(request.user.pk) if request.user.is_authenticated else None


class ArchiveThrottle(AccountThrottle):
    """What starts work and costs money."""

    scope = "archive"


class AddressThrottle(SlidingWindow):
    """Requests that bring a password, by address: to hash one is expensive on purpose.

    Only a POST brings one. Without Redis each process counts for itself, so that guessing is
    never free.
    """

    scope = "login_address"
    without_redis = "process"

    def client(self, request: Request | HttpRequest) -> str | None:
        """The address, signed in or not."""
        return self.address(request) if request.method == "POST" else None


class LoginThrottle(AddressThrottle):
    """Guesses at the password of one account from one address.

    Not by account alone: a stranger could then lock its owner out.
    """

    scope = "login"

    def account(self, request: Request | HttpRequest) -> object:
        """The e-mail address whose password is tried, whatever JSON was sent as one."""
        data = getattr(request, "data", None)
        return data.get("email") if isinstance(data, dict) else None

    def client(self, request: Request | HttpRequest) -> str | None:
        """The address with the account; the admin and the API count the same."""
        address = super().client(request)
        return address and f"{address} {str(self.account(request)).strip().lower()!r}"


def site_of(address: str) -> str:
    """The address to count by; text that is none (a proxy sent it) counts as it is."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address) or parsed.ipv4_mapped:
        return str(getattr(parsed, "ipv4_mapped", None) or parsed)
    return str(ipaddress.ip_network((int(parsed), IPV6_SITE), strict=False))


def _rate(scope: str) -> tuple[int, int]:
    limit, _, period = str(api_settings.DEFAULT_THROTTLE_RATES[scope]).partition("/")
    return int(limit), SECONDS[period[0]]


def _pause(limit: int, window: int, *, elapsed: float, before: int, now: int) -> float:
    """Seconds until one more request fits, if no other comes."""
    free = limit - now - 1
    if free >= 0:  # the window before still counts: it fades to `free` in time
        return window * (1 - free / before) - elapsed
    return window - elapsed + window * (1 - (limit - 1) / now)
