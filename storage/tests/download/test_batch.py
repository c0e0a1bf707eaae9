"""Whole batches: CDN, threads, store and database together."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from storage import partial_files, store
from storage.download import queue
from storage.download.batch import Batch, BatchTiming, Concurrency, download_batch
from storage.download.breaker import MAX_FAILURES, CircuitBreaker
from storage.download.limits import Limits
from storage.download.queue import BatchResult
from storage.models import Asset, StoredFile
from storage.store import TEMP_FOLDER, Store
from storage.tests.conftest import MakeAsset
from tests.support import samples
from tests.support.breaking import breaking, starts
from tests.support.odd_server import OddServer, answering, head, odd_server, redirecting, sending
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

JPEG = samples.jpeg()


def run(
    cdn: OddServer, *, concurrency: Concurrency | None = None, seconds: float = 30, limit: int = 100
) -> BatchResult:
    limits = Limits(trusted_hosts=frozenset({cdn.host}), idle_timeout=2)
    return Batch(
        limit, concurrency=concurrency or Concurrency(), limits=limits, timing=BatchTiming(seconds)
    ).run()


def closing_connection(work: Callable[[], object]) -> None:
    try:
        work()
    finally:
        connection.close()


@pytest.mark.slow
def test_every_due_file_is_stored(
    cdn: OddServer, media_store: Store, make_asset: MakeAsset
) -> None:
    files = {f"/{number}.jpg": samples.jpeg(seed=number) for number in range(40)}
    for path, data in files.items():
        make_asset(cdn.serve(path, answering(data)))

    result = download_batch(100)

    hashes = {hashlib.sha256(data).hexdigest() for data in files.values()}
    assert result == BatchResult(stored=40, bytes=sum(map(len, files.values())))
    stored = StoredFile.objects.all()
    assert {file.sha256 for file in stored} == hashes
    assert all((media_store.root / file.name).read_bytes() in files.values() for file in stored)


def test_one_bad_file_stops_no_other(
    cdn: OddServer, media_store: Store, make_asset: MakeAsset
) -> None:
    make_asset(cdn.serve("/gone.jpg", answering(b"", status=403)))
    make_asset(cdn.serve("/html.jpg", answering(b"<html>" * 20, Content_Type="image/jpeg")))
    make_asset(cdn.serve("/busy.jpg", answering(b"", status=503)))
    make_asset(cdn.serve("/inner.jpg", redirecting("http://169.254.169.254/")))
    make_asset(cdn.serve("/good.jpg", answering(JPEG)))

    result = run(cdn)

    assert result == BatchResult(stored=1, bytes=len(JPEG), retried=1, expired=3)
    assert list((media_store.root / TEMP_FOLDER).iterdir()) == []


@pytest.mark.parametrize("url", ["http://[x/a.jpg", "http://x]/a.jpg", "http://xn--a/a.jpg"])
def test_an_invalid_url_does_not_stop_other_downloads(
    cdn: OddServer, media_store: Store, make_asset: MakeAsset, url: str
) -> None:
    make_asset(url)
    make_asset(cdn.serve("/good.jpg", answering(JPEG)))

    result = run(cdn)

    assert (result.stored, result.retried + result.expired) == (1, 1)


def test_the_limit_is_kept(cdn: OddServer, media_store: Store, make_asset: MakeAsset) -> None:
    for _ in range(5):
        make_asset(cdn.serve("/file.jpg", answering(JPEG)))

    assert run(cdn, limit=3).stored == 3


def test_no_download_begins_after_the_time_is_up(
    cdn: OddServer, media_store: Store, make_asset: MakeAsset
) -> None:
    make_asset(cdn.serve("/file.jpg", answering(JPEG)))

    assert run(cdn, seconds=0) == BatchResult()


@pytest.mark.slow
def test_downloads_that_have_not_begun_in_time_are_released(
    cdn: OddServer, media_store: Store, make_asset: MakeAsset
) -> None:
    for number in range(10):
        make_asset(cdn.serve(f"/{number}.jpg", answering(JPEG), delay=0.3))

    result = run(cdn, concurrency=Concurrency(2, 2), seconds=0.5)

    assert 0 < result.stored < 10
    assert len(queue.claim(10)) == 10 - result.stored


@pytest.mark.parametrize(
    ("concurrency", "most"),
    [(Concurrency(8, 8), 8), (Concurrency(8, 2), 2), (Concurrency(3, 8), 3)],
)
def test_a_host_gets_no_more_connections_than_allowed(
    cdn: OddServer, media_store: Store, make_asset: MakeAsset, concurrency: Concurrency, most: int
) -> None:
    cdn.gather = most
    for number in range(20):
        make_asset(cdn.serve(f"/{number}.jpg", answering(JPEG), delay=0.05))

    result = run(cdn, concurrency=concurrency)

    assert result.stored == 20
    assert cdn.most_active == most


def test_a_busy_host_does_not_hold_up_another(media_store: Store, make_asset: MakeAsset) -> None:
    asked = threading.Event()
    asked_in_time = []

    def fast_reply(connection: socket.socket) -> None:
        asked.set()
        answering(samples.jpeg(seed=1))(connection)

    def slow_reply(connection: socket.socket) -> None:
        asked_in_time.append(asked.wait(10))
        answering(JPEG)(connection)

    with odd_server() as slow, odd_server() as fast:
        for _ in range(3):
            make_asset(slow.serve("/file.jpg", slow_reply))
        make_asset(fast.serve("/file.jpg", fast_reply))
        limits = Limits(trusted_hosts=frozenset({slow.host, fast.host}))

        result = Batch(
            9, concurrency=Concurrency(2, 1), limits=limits, timing=BatchTiming(30)
        ).run()

    assert result.stored == 4
    assert all(asked_in_time)


@pytest.mark.slow
def test_a_file_that_takes_longer_than_a_lease_keeps_it(
    cdn: OddServer, media_store: Store, make_asset: MakeAsset
) -> None:
    pieces = [JPEG, *[b"\0"] * 6]
    length = sum(map(len, pieces))
    make_asset(
        cdn.serve(
            "/long.jpg", sending(head(200, {"Content-Length": str(length)}), *pieces, pause=0.2)
        )
    )
    batch = Batch(
        1,
        concurrency=Concurrency(),
        limits=Limits(trusted_hosts=frozenset({cdn.host})),
        timing=BatchTiming(30, renewal_interval=0.1),
    )
    runner = threading.Thread(target=lambda: closing_connection(batch.run))
    runner.start()
    wait_until(lambda: cdn.requests)
    Asset.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    before = timezone.now()
    wait_until(lambda: Asset.objects.filter(leased_until__gt=before).exists())

    second = queue.claim(1)
    runner.join()

    assert second == []
    assert Asset.objects.get().state == "stored"


def test_two_workers_never_download_the_same_file(
    cdn: OddServer, media_store: Store, make_asset: MakeAsset
) -> None:
    for number in range(30):
        make_asset(cdn.serve(f"/{number}.jpg", answering(samples.jpeg(seed=number)), delay=0.02))
    results = []

    def work() -> None:
        results.append(run(cdn, concurrency=Concurrency(4, 4)))

    workers = [threading.Thread(target=closing_connection, args=(work,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sum(result.stored for result in results) == 30
    assert len(cdn.requests) == 30


@pytest.mark.slow
def test_a_full_disk_raises_and_the_rest_is_released(
    cdn: OddServer, media_store: Store, make_asset: MakeAsset
) -> None:
    for _ in range(8):
        make_asset(cdn.serve("/file.jpg", answering(JPEG), delay=0.1))
    media_store.root.write_bytes(b"a file stands where the folder should be")

    with pytest.raises(OSError, match="tmp"):
        run(cdn, concurrency=Concurrency(1, 1))

    assert Asset.objects.filter(lease=None, attempts=0).count() == 8


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_loses_nothing(
    cdn: OddServer, media_store: Store, make_asset: MakeAsset
) -> None:
    for number in range(6):
        make_asset(cdn.serve(f"/{number}.jpg", answering(samples.jpeg(seed=number))))
    slow = sending(
        head(200, {"Content-Length": str(len(JPEG))}), JPEG[:500], *[b""] * 100, pause=0.1
    )
    make_asset(cdn.serve("/slow.jpg", slow))
    command = [sys.executable, "-c", CHILD]
    with subprocess.Popen(command, env=child_environment(cdn)) as child:  # noqa: S603  our own code
        wait_until(lambda: Asset.objects.filter(state="stored").count() == 6)
        wait_until(lambda: any((media_store.root / TEMP_FOLDER).glob("*")))
        child.send_signal(signal.SIGKILL)
    cdn.serve("/slow.jpg", answering(JPEG))
    before = run(cdn)

    Asset.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    after = run(cdn)

    assert (before.stored, after.stored) == (0, 1)
    assert Asset.objects.filter(state="stored").count() == 7
    assert media_store.sweep(now=time.time() + store.PARTIAL_KEPT + 1) == 0


@pytest.mark.slow
def test_the_long_download_of_a_killed_worker_is_resumed(
    cdn: OddServer, media_store: Store, make_asset: MakeAsset
) -> None:
    body = JPEG + os.urandom(12_000_000)
    headers = {"Content-Length": str(len(body)), "ETag": '"one"'}
    most = head(200, headers) + body[:10_000_000]
    make_asset(cdn.serve("/video.jpg", sending(most, pause=30)))
    command = [sys.executable, "-c", CHILD]
    with subprocess.Popen(command, env=child_environment(cdn)) as child:  # noqa: S603  our own code
        wait_until(lambda: any((media_store.root / TEMP_FOLDER).glob("*.json")))
        child.send_signal(signal.SIGKILL)
    cdn.serve("/video.jpg", breaking(cdn, body, []))

    Asset.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    result = run(cdn)

    assert result.stored == 1
    assert starts(cdn)[-1] >= partial_files.CHECKPOINT_EVERY
    assert StoredFile.objects.get().sha256 == hashlib.sha256(body).hexdigest()


class FullStore(Store):
    """A store whose disk is full from the third file on."""

    puts = 0

    def put(self, source: Path, name: str, *, descriptor: int | None = None) -> None:
        self.puts += 1
        if self.puts > 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(source))
        super().put(source, name, descriptor=descriptor)


def test_a_disk_that_fills_up_loses_no_file_and_no_attempt(
    cdn: OddServer, media_store: Store, make_asset: MakeAsset
) -> None:
    for number in range(8):
        make_asset(cdn.serve(f"/{number}.jpg", answering(samples.jpeg(seed=number))))
    limits = Limits(trusted_hosts=frozenset({cdn.host}))

    with pytest.raises(OSError, match="No space left"):
        Batch(
            100,
            concurrency=Concurrency(2, 2),
            limits=limits,
            timing=BatchTiming(30),
            media_store=FullStore(media_store.root),
        ).run()
    waiting = Asset.objects.filter(state="wanted", lease=None, attempts=0).count()
    later = run(cdn)

    assert (waiting, later.stored) == (6, 6)


def test_a_dead_host_takes_no_attempts_of_its_other_files(
    media_store: Store, make_asset: MakeAsset
) -> None:
    for _ in range(200):
        make_asset("http://127.0.0.1:9/file.jpg")
    limits = Limits(trusted_hosts=frozenset({"127.0.0.1:9"}))

    result = Batch(
        1000,
        concurrency=Concurrency(4, 4),
        limits=limits,
        timing=BatchTiming(30),
        breaker=CircuitBreaker(),
    ).run()

    assert MAX_FAILURES <= result.retried < MAX_FAILURES + 4
    postpone = Asset.objects.filter(attempts=0, lease=None, next_attempt_at__gt=timezone.now())
    assert postpone.count() == 200 - result.retried


@pytest.mark.slow
def test_a_dead_host_delays_no_other(
    cdn: OddServer, media_store: Store, make_asset: MakeAsset
) -> None:
    for number in range(100):
        make_asset("http://127.0.0.1:9/file.jpg")
        make_asset(cdn.serve(f"/{number}.jpg", answering(samples.jpeg(seed=number))))
    limits = Limits(trusted_hosts=frozenset({"127.0.0.1:9", cdn.host}))

    result = Batch(1000, concurrency=Concurrency(4, 4), limits=limits, timing=BatchTiming(30)).run()

    assert result.stored == 100


def test_a_host_that_comes_back_gets_one_probe_and_then_all(
    cdn: OddServer, media_store: Store, make_asset: MakeAsset
) -> None:
    late = iter([0.0])  # it was shut long ago
    breaker = CircuitBreaker(lambda: next(late, time.monotonic()))
    for _ in range(MAX_FAILURES):
        breaker.record_failure(cdn.host)
    for number in range(10):
        make_asset(cdn.serve(f"/{number}.jpg", answering(samples.jpeg(seed=number)), delay=0.05))
    limits = Limits(trusted_hosts=frozenset({cdn.host}))

    result = Batch(
        10, concurrency=Concurrency(4, 4), limits=limits, timing=BatchTiming(30), breaker=breaker
    ).run()

    assert result.stored == 10


CHILD = """
import os, django
django.setup()
from django.conf import settings
settings.MEDIA_ROOT = os.environ["TEST_MEDIA_ROOT"]
from storage.download.batch import download_batch
download_batch(100)
"""


def child_environment(cdn: OddServer) -> dict[str, str]:
    """The child uses the test database and the test store."""
    parts = connection.get_connection_params()
    facts = {
        name: parts[name]
        for name in ("dbname", "user", "password", "host", "port")
        if name in parts
    }
    return {
        **os.environ,
        "DATABASE_URL": " ".join(f"{name}={value}" for name, value in facts.items()),
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "MEDIA_TRUSTED_HOSTS": cdn.host,
        "TEST_MEDIA_ROOT": str(settings.MEDIA_ROOT),
    }
