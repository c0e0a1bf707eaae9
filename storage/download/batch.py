"""Many downloads in one process: threads fetch, the calling thread alone talks to the database.

    claim ──▶ Feed ──▶ threads: fetch, hash, put ──▶ endings ──▶ settle (up to 64 per transaction)

A thread that waits for the network costs nothing; a commit per file would cost more than the file.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from queue import Empty, SimpleQueue

import structlog
from django.conf import settings

from settings import current
from storage import partial_files, store
from storage.download import queue
from storage.download.breaker import Hosts
from storage.download.fetch import Fetcher, Limits
from storage.download.queue import BatchResult, ClaimedAsset, Ending, Failure, Success
from storage.errors import DownloadError, Incomplete, NotMedia, Transient
from storage.fixity import quarantine
from storage.models import LEASE
from storage.source_names import host
from storage.store import Store

GROUP = 64
"""Endings per transaction."""
GROUP_WAIT = 0.05
"""Seconds that a group may wait to fill up."""
MAX_WAIT = 1.0
"""Seconds between two looks at the leases when nothing ends."""
RENEW_EVERY = LEASE.total_seconds() / 3
HOSTS = Hosts()
"""What this process knows of hosts, from one batch to the next."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Crew:
    """How many threads work, and how many of them may use one host at a time."""

    threads: int = 16
    per_host: int = 16


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds that a batch goes on claiming, and seconds between two renewals of its leases."""

    seconds: float = 240.0
    renew_every: float = RENEW_EVERY


class Feed:
    """Claimed assets on their way to the threads; holds back those whose host is busy or shut."""

    def __init__(self, per_host: int, hosts: Hosts) -> None:
        self._per_host = per_host
        self._hosts = hosts
        self._waiting: list[ClaimedAsset] = []
        self._active: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._closed = False

    def add(self, assets: Iterable[ClaimedAsset]) -> None:
        """Queue them behind what waits already."""
        with self._changed:
            self._waiting.extend(assets)
            self._changed.notify_all()

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[ClaimedAsset]:
        """Hand out assets whose host has a free place, until the feed is closed."""
        while (asset := self._take()) is not None:
            yield asset
            self._leave(asset)

    def close(self) -> list[ClaimedAsset]:
        """End the iteration of every thread; returns what was not handed out."""
        with self._changed:
            self._closed = True
            left, self._waiting = self._waiting, []
            self._changed.notify_all()
        return left

    def withdraw(self) -> dict[float, list[ClaimedAsset]]:
        """Take back those whose host is shut, by the seconds that it stays so."""
        withdrawn: dict[float, list[ClaimedAsset]] = {}
        with self._changed:
            pauses = {name: self._hosts.pause_left(name) for name in self._names()}
            for asset in [asset for asset in self._waiting if pauses[host(asset.url)]]:
                self._waiting.remove(asset)
                withdrawn.setdefault(pauses[host(asset.url)], []).append(asset)
        return withdrawn

    def _names(self) -> set[str]:
        return {host(asset.url) for asset in self._waiting}

    def _take(self) -> ClaimedAsset | None:
        with self._changed:
            while not self._closed:
                for position, asset in enumerate(self._waiting):
                    if self._may_begin(host(asset.url)):
                        self._active[host(asset.url)] += 1
                        return self._waiting.pop(position)
                self._changed.wait(MAX_WAIT)  # a host's pause may end without a word
            return None

    def _may_begin(self, name: str) -> bool:
        return self._active[name] < self._per_host and self._hosts.admits(name)

    def _leave(self, asset: ClaimedAsset) -> None:
        with self._changed:
            self._active[host(asset.url)] -= 1
            self._changed.notify()


class Batch:
    """One run of the crew. The calling thread claims, settles and renews leases."""

    def __init__(
        self,
        limit: int,
        *,
        crew: Crew,
        limits: Limits,
        pace: Pace,
        hosts: Hosts | None = None,
        shelf: Store | None = None,
    ) -> None:
        self._left = limit
        self._crew = crew
        self._limits = limits
        self._until = time.monotonic() + pace.seconds
        self._store = shelf or store.default()
        self._hosts = hosts or Hosts()
        self._feed = Feed(crew.per_host, self._hosts)
        self._workers: list[Future[None]] = []
        self._endings: SimpleQueue[Ending] = SimpleQueue()
        self._in_hand: dict[int, ClaimedAsset] = {}
        self._renew_every = pace.renew_every
        self._renewed = time.monotonic()
        self._result = BatchResult()

    def run(self) -> BatchResult:
        """Work until nothing is due any more, the limit is reached or the time is used up.

        What is in hand when an error ends it is settled or given back, with all its attempts.
        """
        try:
            with ThreadPoolExecutor(self._crew.threads, "download") as pool:
                self._work_through(pool)
        finally:
            while endings := self._group(longest=0):
                self._settle(endings)
            queue.release(self._in_hand.values())
        return self._result

    def _work_through(self, pool: ThreadPoolExecutor) -> None:
        try:
            while self._claim() or self._in_hand:
                self._put_off()
                self._hire(pool)
                self._settle(self._group(longest=MAX_WAIT))
                self._renew()
                self._raise_first()
        finally:
            self._feed.close()

    def _claim(self) -> int:
        """Keep the feed filled, so that no thread waits for the database."""
        if time.monotonic() > self._until:
            self._give_back()
            return 0
        ahead = 4 * self._crew.threads
        if len(self._feed) > ahead // 2:
            return 0
        claimed = queue.claim(min(ahead, self._left))
        self._left -= len(claimed)
        self._in_hand |= {asset.pk: asset for asset in claimed}
        self._feed.add(claimed)
        return len(claimed)

    def _give_back(self) -> None:
        """Only what has begun may still take its time: the task's own limit is near."""
        waiting = self._feed.close()
        queue.release(waiting)
        self._forget(waiting)

    def _put_off(self) -> None:
        """Nobody waits for a host that is shut, and its files lose no attempt by it."""
        for pause, assets in self._feed.withdraw().items():
            queue.put_off(assets, timedelta(seconds=pause))
            self._forget(assets)

    def _forget(self, assets: Iterable[ClaimedAsset]) -> None:
        for asset in assets:
            self._in_hand.pop(asset.pk, None)

    def _hire(self, pool: ThreadPoolExecutor) -> None:
        """A thread per file in hand, up to the size of the crew: idle ones cost memory."""
        for _ in range(min(self._crew.threads, len(self._in_hand)) - len(self._workers)):
            self._workers.append(pool.submit(self._work))

    def _group(self, *, longest: float) -> list[Ending]:
        """What has ended; waits for the first, and a moment for others to share its commit."""
        group: list[Ending] = []
        until = time.monotonic() + (longest if self._in_hand else 0.0)
        with suppress(Empty):
            while len(group) < GROUP:
                group.append(self._endings.get(timeout=max(0.0, until - time.monotonic())))
                until = min(until, time.monotonic() + GROUP_WAIT)
        return group

    def _settle(self, endings: list[Ending]) -> None:
        if not endings:
            return
        self._result.add(queue.settle(endings))
        self._forget(ending.asset for ending in endings)

    def _renew(self) -> None:
        if time.monotonic() - self._renewed > self._renew_every:
            queue.renew(self._in_hand.values())
            self._renewed = time.monotonic()

    def _raise_first(self) -> None:
        """Let the error be seen that ended a thread: it is ours, or the disk's."""
        for worker in self._workers:
            if worker.done():
                worker.result()

    def _work(self) -> None:
        """What each thread does; it never touches the database."""
        with Fetcher(self._limits) as fetcher:
            for asset in self._feed:
                self._endings.put(self._attempt(fetcher, asset))

    def _attempt(self, fetcher: Fetcher, asset: ClaimedAsset) -> Ending:
        ending = self._fetched(fetcher, asset)
        error = ending.error if isinstance(ending, Failure) else None
        if isinstance(error, Transient) and error.host_failed:
            self._hosts.failed(host(asset.url), retry_after=error.retry_after or 0.0)
        else:
            self._hosts.worked(host(asset.url))
        return ending

    def _fetched(self, fetcher: Fetcher, asset: ClaimedAsset) -> Ending:
        with partial_files.opened(self._store, partial_files.key(asset.pk, asset.url)) as part:
            try:
                content = fetcher.fetch(asset.url, part)
            except (NotMedia, Incomplete) as error:
                return Failure(asset, error, quarantine.keep(part, self._store))
            except DownloadError as error:
                return Failure(asset, error)
            part.finish(self._store, content.name)
            return Success(asset, content)


def download_batch(limit: int, *, seconds: float = 240.0) -> BatchResult:
    """Download up to `limit` due assets, claiming while there is time left.

    Returns what was committed. Raises what is not about one asset (a full disk, a lost
    database); the assets in hand then become due again, at the latest when their leases end.
    """
    config = current.archiving()
    crew = Crew(config.download_threads, config.connections_per_host)
    limits = Limits(config.max_file_bytes, trusted_hosts=settings.MEDIA_TRUSTED_HOSTS)
    store.default().sweep()
    try:
        return Batch(limit, crew=crew, limits=limits, pace=Pace(seconds), hosts=HOSTS).run()
    except OSError as error:
        log.error("downloads.stopped", error=error.strerror)  # noqa: TRY400  raised on
        raise
