"""The caches of the settings, with a counter that costs one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.commands.core import Script

# Counts a request in several windows, unless one of them is full. KEYS are two for each: of the
# window before and of the present one. ARGV are three: the limit, the share of the window before
# that still counts, and the seconds to keep. Returns 1 or 0, and the counts before this request.
COUNT = """
local counts = redis.call('MGET', unpack(KEYS))
local result = {1}
for i = 1, #KEYS do
    result[i + 1] = tonumber(counts[i]) or 0
end
for i = 1, #KEYS / 2 do
    local used = result[2 * i] * tonumber(ARGV[3 * i - 1]) + result[2 * i + 1]
    if used + 1 > tonumber(ARGV[3 * i - 2]) then result[1] = 0 end
end
if result[1] == 1 then
    for i = 1, #KEYS / 2 do
        if redis.call('INCR', KEYS[2 * i]) == 1 then
            redis.call('EXPIRE', KEYS[2 * i], ARGV[3 * i])
        end
    end
end
return result
"""


@dataclass(frozen=True, slots=True)
class CountedWindow:
    """A window of a limit: the keys of its counts, and how long they are needed."""

    key: str
    key_before: str
    limit: int
    share_before: float
    timeout: int


class Counter(Protocol):
    """A cache that counts requests."""

    def count(self, windows: Sequence[CountedWindow]) -> tuple[bool, list[tuple[int, int]]]:
        """Count a request in all of the windows, or in none if one of them is full.

        Returns whether it was counted, and the counts before it: of the window before and of the
        present one.
        """


class CountingRedisCache(RedisCache):
    """Redis; the counts of all processes."""

    @cached_property
    def script(self) -> Script:
        """COUNT with its client. Django makes a client for each command, which costs more."""
        return Script(self._cache.get_client(write=True), COUNT)

    def count(self, windows: Sequence[CountedWindow]) -> tuple[bool, list[tuple[int, int]]]:
        """Count as Counter says, in one command."""
        keys: list[str] = []
        arguments: list[float] = []
        for each in windows:
            keys += map(self.make_and_validate_key, (each.key_before, each.key))
            arguments += (each.limit, each.share_before, each.timeout)
        is_counted, *counts = self.script(keys=keys, args=arguments)
        return bool(is_counted), [*zip(counts[::2], counts[1::2], strict=True)]


class CountingProcessCache(LocMemCache):
    """The memory of one process, and its own counts."""

    def count(self, windows: Sequence[CountedWindow]) -> tuple[bool, list[tuple[int, int]]]:
        """Count as Counter says."""
        counts = [(self.get(each.key_before, 0), self.get(each.key, 0)) for each in windows]
        is_counted = all(
            before * window.share_before + now + 1 <= window.limit
            for window, (before, now) in zip(windows, counts, strict=True)
        )
        if is_counted:
            for window in windows:
                self.add(window.key, 0, timeout=window.timeout)
                self.incr(window.key)
        return is_counted, counts
