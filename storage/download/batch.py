"""Downloads many files in one process: threads fetch, the calling thread uses the database.

    claim ──▶ Feed ──▶ threads: fetch, hash, put ──▶ results ──▶ settle (up to 64 per transaction)

Threads only wait for the network and the disk. Results are committed in groups, because one commit
per file would cost more than the file itself.
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
from storage.download.breaker import CircuitBreaker
from storage.download.fetch import Fetcher
from storage.download.limits import Limits
from storage.download.queue import BatchResult, ClaimedAsset, DownloadResult, Failure, Success
from storage.errors import DownloadError, IncompleteFile, NotMedia, TransientDownloadError
from storage.fixity import quarantine
from storage.models import LEASE
from storage.source_names import host
from storage.store import Store

# Results per transaction.
GROUP_SIZE = 64
# Seconds that a group waits for further results.
MAX_GROUP_WAIT = 0.2
# Seconds between two checks of the leases while no download ends.
MAX_WAIT = 1.0
RENEWAL_INTERVAL = LEASE.total_seconds() / 3
# Kept from one batch to the next, so that a dead host is not tried again by every message.
BREAKER = CircuitBreaker()

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Concurrency:
    """The number of threads, and how many of them may use the same host at a time."""

    threads: int = 16
    per_host: int = 16


@dataclass(frozen=True, slots=True)
class BatchTiming:
    """How many seconds a batch claims assets, and how often it renews its leases (seconds)."""

    seconds: float = 240.0
    renewal_interval: float = RENEWAL_INTERVAL


class Feed:
    """Hands claimed assets to the threads; holds back assets whose host is busy or shut off."""

    def __init__(self, per_host: int, breaker: CircuitBreaker) -> None:
        self._per_host = per_host
        self._breaker = breaker
        self._waiting: list[ClaimedAsset] = []
        self._active: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._closed = False

    def add(self, assets: Iterable[ClaimedAsset]) -> None:
        with self._changed:
            self._waiting.extend(assets)
            self._changed.notify_all()

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[ClaimedAsset]:
        """Yield assets whose host has a free place, until the feed is closed."""
        while (asset := self._take()) is not None:
            yield asset
            with self._changed:
                self._active[host(asset.url)] -= 1
                self._changed.notify()

    def close(self) -> list[ClaimedAsset]:
        """End the iteration of every thread; return the assets that were not handed out."""
        with self._changed:
            self._closed = True
            left, self._waiting = self._waiting, []
            self._changed.notify_all()
        return left

    def withdraw(self) -> dict[float, list[ClaimedAsset]]:
        """Remove assets whose circuit is open; return them by the seconds until it may close."""
        withdrawn: dict[float, list[ClaimedAsset]] = {}
        with self._changed:
            names = {host(asset.url) for asset in self._waiting}
            pauses = {name: self._breaker.retry_after(name) for name in names}
            for asset in [asset for asset in self._waiting if pauses[host(asset.url)]]:
                self._waiting.remove(asset)
                withdrawn.setdefault(pauses[host(asset.url)], []).append(asset)
        return withdrawn

    def _take(self) -> ClaimedAsset | None:
        with self._changed:
            while not self._closed:
                for position, asset in enumerate(self._waiting):
                    name = host(asset.url)
                    # `allow` comes last: it counts the caller as the probe of a half-open circuit.
                    if self._active[name] < self._per_host and self._breaker.allow(name):
                        self._active[name] += 1
                        return self._waiting.pop(position)
                # The wait needs a limit: a backoff that ends notifies no thread.
                self._changed.wait(MAX_WAIT)
            return None


class Batch:
    """One run of downloads. The calling thread claims, settles and renews leases."""

    def __init__(
        self,
        limit: int,
        *,
        concurrency: Concurrency,
        limits: Limits,
        timing: BatchTiming,
        breaker: CircuitBreaker | None = None,
        media_store: Store | None = None,
    ) -> None:
        self._left = limit
        self._concurrency = concurrency
        self._limits = limits
        self._until = time.monotonic() + timing.seconds
        self._store = media_store or store.default()
        self._breaker = breaker or CircuitBreaker()
        self._feed = Feed(concurrency.per_host, self._breaker)
        self._workers: list[Future[None]] = []
        self._results: SimpleQueue[DownloadResult] = SimpleQueue()
        self._group_size = 0
        self._gathered = threading.Event()
        self._in_hand: dict[int, ClaimedAsset] = {}
        self._renewal_interval = timing.renewal_interval
        self._lease_renewed = time.monotonic()
        self._total = BatchResult()

    def run(self) -> BatchResult:
        """Download until no asset is due, the limit is reached or the time is used up.

        If an error ends the run, finished downloads are settled and all other claimed assets are
        released without using up an attempt.
        """
        try:
            with ThreadPoolExecutor(self._concurrency.threads, "download") as pool:
                self._work_through(pool)
        finally:
            while results := self._next_group(max_wait=0):
                self._settle(results)
            queue.release(self._in_hand.values())
        return self._total

    def _work_through(self, pool: ThreadPoolExecutor) -> None:
        try:
            while self._claim() or self._in_hand:
                # Files of a host whose circuit is open use up no attempt.
                for pause, assets in self._feed.withdraw().items():
                    queue.postpone(assets, timedelta(seconds=pause))
                    self._forget(assets)
                # One thread per file in hand, up to the limit: each idle thread would cost memory.
                threads = min(self._concurrency.threads, len(self._in_hand))
                while len(self._workers) < threads:
                    self._workers.append(pool.submit(self._work))
                self._settle(self._next_group(max_wait=MAX_WAIT))
                self._renew_leases()
                # `result` raises the error that ended a thread: a bug or a failure of the disk.
                for worker in self._workers:
                    if worker.done():
                        worker.result()
        finally:
            self._feed.close()

    def _claim(self) -> int:
        """Keep the feed filled, so that no thread waits for the database."""
        if time.monotonic() > self._until:
            # The task's own time limit is near. Other workers may take what has not begun.
            waiting = self._feed.close()
            queue.release(waiting)
            self._forget(waiting)
            return 0
        ahead = 8 * self._concurrency.threads
        if len(self._feed) > ahead // 2:
            return 0
        claimed = queue.claim(min(ahead, self._left))
        self._left -= len(claimed)
        self._in_hand |= {asset.pk: asset for asset in claimed}
        self._feed.add(claimed)
        return len(claimed)

    def _forget(self, assets: Iterable[ClaimedAsset]) -> None:
        for asset in assets:
            self._in_hand.pop(asset.pk, None)

    def _next_group(self, *, max_wait: float) -> list[DownloadResult]:
        """Wait for the first result, then a moment for others that can share its commit."""
        group: list[DownloadResult] = []
        with suppress(Empty):
            group.append(self._results.get(timeout=max_wait if self._in_hand else 0))
            self._gather(min(GROUP_SIZE, len(self._in_hand)) - 1)
            while len(group) < GROUP_SIZE:
                group.append(self._results.get_nowait())
        return group

    def _gather(self, results: int) -> None:
        """Sleep until so many results wait. Waking up for each one would cost many switches."""
        self._group_size = results
        self._gathered.clear()
        if self._results.qsize() < results:
            self._gathered.wait(MAX_GROUP_WAIT)

    def _settle(self, results: list[DownloadResult]) -> None:
        if not results:
            return
        self._total.add(queue.settle(results))
        self._forget(result.asset for result in results)

    def _renew_leases(self) -> None:
        if time.monotonic() - self._lease_renewed > self._renewal_interval:
            queue.renew_leases(self._in_hand.values())
            self._lease_renewed = time.monotonic()

    def _work(self) -> None:
        """Fetch assets until the feed is closed. Runs in a thread; never uses the database."""
        with Fetcher(self._limits) as fetcher:
            for asset in self._feed:
                self._results.put(self._attempt(fetcher, asset))
                if self._results.qsize() >= self._group_size:
                    self._gathered.set()

    def _attempt(self, fetcher: Fetcher, asset: ClaimedAsset) -> DownloadResult:
        result = self._fetch(fetcher, asset)
        error = result.error if isinstance(result, Failure) else None
        if isinstance(error, TransientDownloadError) and error.host_failed:
            retry_after = error.retry_after or 0.0
            self._breaker.record_failure(host(asset.url), retry_after=retry_after)
        else:
            self._breaker.record_success(host(asset.url))
        return result

    def _fetch(self, fetcher: Fetcher, asset: ClaimedAsset) -> DownloadResult:
        key = partial_files.key(asset.pk, asset.url)
        with partial_files.open_partial(self._store, key) as partial:
            try:
                content = fetcher.fetch(asset.url, partial)
            except (NotMedia, IncompleteFile) as error:
                return Failure(asset, error, quarantine.keep(partial, self._store))
            except DownloadError as error:
                return Failure(asset, error)
            partial.finish(self._store, content.name)
            return Success(asset, content)


def download_batch(limit: int, *, seconds: float = 240.0) -> BatchResult:
    """Download up to `limit` due assets, and claim further ones for `seconds`.

    Returns the numbers that were committed. Raises errors that are not about a single asset, such
    as a full disk or a lost database. The assets in hand then become due again, at the latest when
    their leases end.
    """
    config = current.archiving()
    store.default().sweep()
    batch = Batch(
        limit,
        concurrency=Concurrency(config.download_threads, config.connections_per_host),
        limits=Limits(config.max_file_bytes, trusted_hosts=settings.MEDIA_TRUSTED_HOSTS),
        timing=BatchTiming(seconds),
        breaker=BREAKER,
    )
    try:
        return batch.run()
    except OSError as error:
        log.error("downloads.stopped", error=error.strerror)  # noqa: TRY400  raised on
        raise
