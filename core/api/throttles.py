"""Request limits, counted in a sliding window.

Each client has two counters, of the current window and of the previous one. The previous one counts
by the share of it that the sliding window still covers. A request therefore costs one Redis command
for any limit, and no client can send twice its limit around the change of a window.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, cast

import structlog
from django.core.cache import caches
from django.http import HttpRequest
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from core.caches import Counter

if TYPE_CHECKING:  # rest_framework.views imports this module, named in the settings
    from rest_framework.views import APIView

log = structlog.get_logger(__name__)

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
IPV6_SITE = 64  # A provider assigns a /64 network to a customer, who chooses the remaining bits.


class SlidingWindow(BaseThrottle, ABC):
    """Limits the requests of a client to the rate of DEFAULT_THROTTLE_RATES for the scope.

    Reading must not depend on Redis: if it fails, requests are not counted, unless a subclass names
    another cache in `without_redis`.
    """

    scope: str
    pause: float = 0
    without_redis: str | None = None  # the cache used if Redis fails; None: no limit

    @abstractmethod
    def client(self, request: Request | HttpRequest) -> str | None:
        """The key of the client; None if this limit does not apply to the request."""

    def allow_request(self, request: Request | HttpRequest, _view: APIView | None = None) -> bool:
        """Count the request; False if the client exceeded its limit."""
        client = self.client(request)
        return client is None or self._passes(hashlib.sha256(client.encode()).hexdigest())

    def address(self, request: Request | HttpRequest) -> str:
        """The client's IPv4 address, or the /64 network of its IPv6 address."""
        return site_of(str(self.get_ident(request)))  # type: ignore[arg-type]  # reads headers only

    def wait(self) -> float:
        """Seconds until the next request is allowed, at least one."""
        return max(1, math.ceil(self.pause))

    def _passes(self, client: str) -> bool:
        try:
            return self._counted(client, "default")
        except RedisError as error:
            log.warning("throttle.without_redis", scope=self.scope, error=type(error).__name__)
            return self.without_redis is None or self._counted(client, self.without_redis)

    def _counted(self, client: str, cache_name: str) -> bool:
        cache = cast("Counter", caches[cache_name])
        limit, window = _rate(self.scope)
        number, elapsed = divmod(time.time(), window)
        prefix = f"throttle:{self.scope}:{client}"
        key, other = f"{prefix}:{int(number)}", f"{prefix}:{int(number) - 1}"
        before, now = cache.count(key, other=other, timeout=2 * window)
        if before * (1 - elapsed / window) + now <= limit:
            return True
        cache.decr(key)  # A rejected request must not extend the wait.
        self.pause = _pause(limit, window, elapsed=elapsed, before=before, now=now - 1)
        return False


class AnonymousThrottle(SlidingWindow):
    """Anonymous clients, by address."""

    scope = "anonymous"

    def client(self, request: Request | HttpRequest) -> str | None:
        return None if request.user.is_authenticated else self.address(request)


class AccountThrottle(SlidingWindow):
    """Authenticated users, from any address."""

    scope = "account"

    def client(self, request: Request | HttpRequest) -> str | None:
        return str(request.user.pk) if request.user.is_authenticated else None


class ArchiveThrottle(AccountThrottle):
    """Requests that start work and cost money."""

    scope = "archive"


class AddressThrottle(SlidingWindow):
    """Requests with a password, by address, because hashing one is expensive on purpose.

    Only POST requests carry a password. Without Redis each process counts for itself, so that
    guessing passwords is always limited.
    """

    scope = "login_address"
    without_redis = "process"

    def client(self, request: Request | HttpRequest) -> str | None:
        return self.address(request) if request.method == "POST" else None


class LoginThrottle(AddressThrottle):
    """Login attempts for one account from one address.

    A limit per account alone would let a stranger lock its owner out.
    """

    scope = "login"

    def account(self, request: Request | HttpRequest) -> object:
        """The e-mail address of the attempt, as text even if the client sent other JSON."""
        data = getattr(request, "data", None)
        return data.get("email") if isinstance(data, dict) else None

    def client(self, request: Request | HttpRequest) -> str | None:
        """The key of an address and an account, shared by the admin and the API."""
        address = super().client(request)
        return address and f"{address} {str(self.account(request)).strip().lower()!r}"


def site_of(address: str) -> str:
    """The address to count by. Text that is not an address, sent by a proxy, is used as it is."""
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
    """Seconds until one more request is allowed if no other one comes."""
    free = limit - now - 1
    if free >= 0:  # The previous window still counts. Its share falls to `free` after this time.
        return window * (1 - free / before) - elapsed
    return window - elapsed + window * (1 - (limit - 1) / now)
