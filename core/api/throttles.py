"""Request limits, counted in a sliding window.

Each client has two counters, of the current window and of the previous one. The previous one counts
by the share of it that the sliding window still covers. A request therefore costs one Redis command
for any limits, and no client can send twice its limit around the change of a window.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self, cast

import structlog
from django.core.cache import caches
from django.http import HttpRequest
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from core.caches import CountedWindow, Counter
from core.scopes import key_scopes
from core.users.addresses import normalised

if TYPE_CHECKING:  # rest_framework.views imports this module, named in the settings
    from rest_framework.views import APIView

log = structlog.get_logger(__name__)

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
IPV6_SITE = 64  # A provider assigns a /64 network to a customer, who chooses the remaining bits.


class Throttle(BaseThrottle, ABC):
    """Counts a request in all limits that apply to it, with one command to Redis.

    Reading must not depend on Redis: if it fails, requests are not counted, unless a subclass names
    another cache in `without_redis`.
    """

    pause: float = 0
    without_redis: str | None = None  # the cache used if Redis fails; None: no limit

    @abstractmethod
    def limits(self, request: Request | HttpRequest) -> Iterator[tuple[str, str]]:
        """The scopes of DEFAULT_THROTTLE_RATES that apply, and the client that each counts."""

    def allow_request(self, request: Request | HttpRequest, _view: APIView | None = None) -> bool:
        """Count the request; False if it exceeds one of the limits, and then none counts it."""
        limits = [Limit.of(scope, client) for scope, client in self.limits(request)]
        return not limits or self._passes(request, limits)

    def address(self, request: Request | HttpRequest) -> str:
        """The client's IPv4 address, or the /64 network of its IPv6 address."""
        return site_of(str(self.get_ident(request)))  # type: ignore[arg-type]  # reads headers only

    def wait(self) -> float:
        """Seconds until the next request is allowed, at least one."""
        return max(1, math.ceil(self.pause))

    def _passes(self, request: Request | HttpRequest, limits: list[Limit]) -> bool:
        try:
            return self._counted(request, limits, "default")
        except RedisError as error:
            log.warning("throttle.without_redis", error=type(error).__name__)
            return self.without_redis is None or self._counted(request, limits, self.without_redis)

    def _counted(
        self, request: Request | HttpRequest, limits: list[Limit], cache_name: str
    ) -> bool:
        cache = cast("Counter", caches[cache_name])
        is_counted, counts = cache.count([each.window for each in limits])
        counted = [*zip(limits, counts, strict=True)]
        if not is_counted:
            self.pause = max(limit.pause(before, now) for limit, (before, now) in counted)
        # The middleware writes them into the headers of the answer.
        own = getattr(request, "_request", request)
        vars(own)["rate_limits"] = [limit.state(before, now) for limit, (before, now) in counted]
        return is_counted


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of a client at a moment: `most` requests in `seconds`, `elapsed` of them over."""

    scope: str
    most: int
    seconds: int
    elapsed: float
    window: CountedWindow

    @classmethod
    def of(cls, scope: str, client: str) -> Self:
        most, _, period = str(api_settings.DEFAULT_THROTTLE_RATES[scope]).partition("/")
        seconds = SECONDS[period[0]]
        number, elapsed = divmod(time.time(), seconds)
        prefix = f"throttle:{scope}:{hashlib.sha256(client.encode()).hexdigest()}"
        window = CountedWindow(
            key=f"{prefix}:{int(number)}",
            key_before=f"{prefix}:{int(number) - 1}",
            limit=int(most),
            share_before=1 - elapsed / seconds,
            timeout=2 * seconds,
        )
        return cls(scope, int(most), seconds, elapsed, window)

    def pause(self, before: int, now: int) -> float:
        """Seconds until one more request is allowed if no other one comes; 0 if it is now."""
        if before * self.window.share_before + now + 1 <= self.most:
            return 0
        free = self.most - now - 1
        if free >= 0:  # The window before still counts. Its share falls to `free` after this time.
            return self.seconds * (1 - free / before) - self.elapsed
        return self.seconds - self.elapsed + self.seconds * (1 - (self.most - 1) / now)

    def state(self, before: int, now: int) -> RateLimit:
        """What is left after this request."""
        left = math.floor(self.most - before * self.window.share_before - now - 1)
        wait = self.pause(before, now) or self.seconds - self.elapsed
        return RateLimit(self.scope, self.most, self.seconds, max(0, left), math.ceil(wait))


class RateLimit(NamedTuple):
    """A limit as the headers `RateLimit` and `RateLimit-Policy` tell it; times in seconds."""

    name: str
    most: int
    window: int
    left: int
    reset: int


class ClientThrottle(Throttle):
    """Every request: strangers by address, accounts from any address, and each of their keys."""

    def limits(self, request: Request | HttpRequest) -> Iterator[tuple[str, str]]:
        if not request.user.is_authenticated:
            yield "anonymous", self.address(request)
            return
        yield "account", str(request.user.pk)
        if isinstance(request, Request) and key_scopes(request) is not None:
            yield "key", str(request.auth.pk)


class ArchiveThrottle(ClientThrottle):
    """Requests that start work and cost money."""

    def limits(self, request: Request | HttpRequest) -> Iterator[tuple[str, str]]:
        yield from super().limits(request)
        if request.user.is_authenticated:
            yield "archive", str(request.user.pk)


class AddressThrottle(Throttle):
    """Requests with a password, by address, because hashing one is expensive on purpose.

    Only POST requests carry a password. Without Redis each process counts for itself, so that
    guessing passwords is always limited.
    """

    without_redis = "process"

    def limits(self, request: Request | HttpRequest) -> Iterator[tuple[str, str]]:
        if request.method == "POST":
            yield "login_address", self.address(request)


class LoginThrottle(AddressThrottle):
    """Login attempts, also for one account from one address.

    A limit per account alone would let a stranger lock its owner out.
    """

    def account(self, request: Request | HttpRequest) -> object:
        """The e-mail address of the attempt, as text even if the client sent other JSON."""
        data = getattr(request, "data", None)
        return data.get("email") if isinstance(data, dict) else None

    def limits(self, request: Request | HttpRequest) -> Iterator[tuple[str, str]]:
        """The key of an address and an account is shared by the admin and the API."""
        yield from super().limits(request)
        if request.method == "POST":
            account = normalised(str(self.account(request)))
            yield "login", f"{self.address(request)} {account!r}"


def site_of(address: str) -> str:
    """The address to count by. Text that is not an address, sent by a proxy, is used as it is."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address) or parsed.ipv4_mapped:
        return str(getattr(parsed, "ipv4_mapped", None) or parsed)
    return str(ipaddress.ip_network((int(parsed), IPV6_SITE), strict=False))
