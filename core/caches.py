"""The caches of the settings, with a counter that costs one round trip."""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.commands.core import Script

# Returns the count of the other key, and the count of this one with this call.
COUNT = """
local other = tonumber(redis.call('GET', KEYS[1])) or 0
local count = redis.call('INCR', KEYS[2])
if count == 1 then redis.call('EXPIRE', KEYS[2], ARGV[1]) end
return {other, count}
"""


class Counter(Protocol):
    """A cache that counts."""

    def count(self, key: str, *, other: str, timeout: int) -> tuple[int, int]:
        """Add one to a key that expires `timeout` seconds after its first count.

        Returns the counts of the other key and of this one.
        """

    def decr(self, key: str, delta: int = 1) -> int:
        """Take a count back. Raises ValueError if the key has expired."""


class CountingRedisCache(RedisCache):
    """Redis; the counts of all processes."""

    @cached_property
    def script(self) -> Script:
        """COUNT with its client. Django makes a client for each command, which costs more."""
        return Script(self._cache.get_client(write=True), COUNT)

    def count(self, key: str, *, other: str, timeout: int) -> tuple[int, int]:
        """Count as Counter says, in one command."""
        keys = [self.make_and_validate_key(each) for each in (other, key)]
        before, now = self.script(keys=keys, args=[timeout])
        return before, now


class CountingProcessCache(LocMemCache):
    """The memory of one process, and its own counts."""

    def count(self, key: str, *, other: str, timeout: int) -> tuple[int, int]:
        """Count as Counter says."""
        self.add(key, 0, timeout=timeout)
        return self.get(other, 0), self.incr(key)
