"""Limits on requests, counted in a sliding window.

Two counters per client, of this window and of the one before, which counts by the share of it
that the sliding window still covers. So a request costs three short Redis commands, however high
its limit is, and no client gets twice its limit around the turn of a window.
"""

from __future__ import annotations

import hashlib
import math
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

if TYPE_CHECKING:  # rest_framework.views imports this module, by its name in the settings
    from rest_framework.views import APIView

log = structlog.get_logger(__name__)

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class SlidingWindow(BaseThrottle, ABC):
    """At most as many requests per client as DEFAULT_THROTTLE_RATES says for the scope."""

    scope: str
    pause: float = 0

    @abstractmethod
    def client(self, request: Request) -> str | None:
        """Who is counted; None for requests that this limit does not concern."""

    def allow_request(self, request: Request, _view: APIView) -> bool:
        """Count the request; False when the client has used up its limit.

        Without Redis nothing is counted and everything passes: reading must not depend on it.
        """
        client = self.client(request)
        if client is None:
            return True
        try:
            return self._counted(hashlib.sha256(client.encode()).hexdigest())
        except RedisError as error:
            log.warning("throttle.without_redis", error=type(error).__name__)
            return True

    def wait(self) -> float:
        """Seconds until the next request would pass, at least one."""
        return max(1, math.ceil(self.pause))

    def _counted(self, client: str) -> bool:
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

    def client(self, request: Request) -> str | None:
        """The address of a stranger."""
        return None if request.user.is_authenticated else self.get_ident(request)


class AccountThrottle(SlidingWindow):
    """Whoever is signed in, from wherever."""

    scope = "account"

    def client(self, request: Request) -> str | None:
        """The account."""
        return str(request.user.pk) if request.user.is_authenticated else None


class ArchiveThrottle(AccountThrottle):
    """What starts work and costs money."""

    scope = "archive"


class AddressThrottle(SlidingWindow):
    """Attempts to sign in or register, by address: a password hash is expensive on purpose."""

    scope = "login_address"

    def client(self, request: Request) -> str | None:
        """The address, signed in or not."""
        return self.get_ident(request)


class LoginThrottle(AddressThrottle):
    """Guesses at the password of one account from one address.

    Not by account alone: a stranger could then lock its owner out.
    """

    scope = "login"

    def client(self, request: Request) -> str | None:
        """The address with the e-mail address, whatever JSON was sent as one."""
        email = request.data.get("email") if isinstance(request.data, dict) else None
        return f"{self.get_ident(request)} {str(email).strip().lower()!r}"


def _rate(scope: str) -> tuple[int, int]:
    limit, _, period = str(api_settings.DEFAULT_THROTTLE_RATES[scope]).partition("/")
    return int(limit), SECONDS[period[0]]


def _pause(limit: int, window: int, *, elapsed: float, before: int, now: int) -> float:
    """Seconds until one more request fits, if no other comes."""
    free = limit - now - 1
    if free >= 0:  # the window before still counts: it fades to `free` in time
        return window * (1 - free / before) - elapsed
    return window - elapsed + window * (1 - (limit - 1) / now)
