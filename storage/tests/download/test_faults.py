"""The effect of each fault of a host on a file: after one attempt, and after many."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import brotli
import pytest
from django.utils import timezone

from storage import enrichment
from storage.download.batch import Batch, BatchTiming, Concurrency
from storage.download.limits import Limits
from storage.models import Asset, Quarantined, StoredFile
from storage.store import Store
from storage.tests.conftest import MakeAsset
from tests.support import samples
from tests.support.odd_server import (
    OddServer,
    Reply,
    answering,
    head,
    redirecting,
    resetting_after,
    sending,
)

# Each test is quick, but together they take a tenth of the quick tests.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

JPEG = samples.jpeg()
PNG = samples.encoded(samples.picture(), "PNG")
VIDEO = samples.faststart()
PAGE = b"<html><body>Log in to continue</body></html>" * 20
LENGTH = {"Content-Length": str(len(JPEG))}
CLOSING = head(200, {"Connection": "close"})
DRIP = [JPEG[:1]] * 40
CHUNKED = head(200, {"Transfer-Encoding": "chunked"})
CHUNK = f"{len(JPEG):x}\r\n".encode() + JPEG + b"\r\n"
THIRD = len(VIDEO) // 3


Attempt = Callable[..., Asset]


@dataclass(frozen=True)
class Fault:
    """The answer of the host, and the state of the file after one attempt and after many."""

    name: str
    reply: Reply
    first: tuple[str, str]
    last: tuple[str, str, int]
    quarantined: int = 0
    # Seconds of silence after which the download gives up.
    deadline: float = 20.0


PASSING = ("wanted", "Transient"), ("failed", "Transient", 8)
EXPIRED = ("expired", "UrlExpired"), ("expired", "UrlExpired", 1)
FORBIDDEN = ("expired", "ForbiddenAddress"), ("expired", "ForbiddenAddress", 1)
PAGES = ("expired", "NotServed"), ("expired", "NotServed", 1)
ODD = ("expired", "NotMedia"), ("expired", "NotMedia", 1)
CUT = ("wanted", "Incomplete"), ("failed", "Incomplete", 8)
STORED = ("stored", ""), ("stored", "", 0)


def encoded(encoding: str, body: bytes) -> Reply:
    """An answer that names an encoding of its body."""
    return answering(body, Content_Encoding=encoding)


FAULTS = (
    Fault("500", answering(b"", 500), *PASSING),
    Fault("503 with a page", answering(PAGE, 503, Content_Type="text/html"), *PASSING),
    Fault("429 with Retry-After", answering(b"", 429, Retry_After="7"), *PASSING),
    Fault("reset before the answer", resetting_after(b""), *PASSING),
    Fault("reset in the body", resetting_after(head(200, LENGTH) + JPEG[:300]), *PASSING),
    Fault("shorter than its length", sending(head(200, LENGTH) + JPEG[:300]), *PASSING),
    Fault("a chunked body that breaks off", sending(CHUNKED + CHUNK[:300]), *PASSING),
    Fault("zero bytes", answering(b""), *PASSING),
    Fault("zero bytes, chunked", sending(CHUNKED + b"0\r\n\r\n"), *PASSING),
    Fault("silence", sending(b"", pause=0.6), *PASSING, deadline=0.3),
    Fault("slow drip", sending(head(200, LENGTH), *DRIP, pause=0.03), *PASSING, deadline=0.3),
    Fault("not HTTP", sending(b"SSH-2.0-OpenSSH\r\n"), *PASSING),
    Fault("a loop of redirects", redirecting("/file.jpg"), *PASSING),
    Fault("redirect to a private address", redirecting("http://169.254.169.254/"), *FORBIDDEN),
    Fault("redirect to a file", redirecting("file:///etc/passwd"), *FORBIDDEN),
    Fault("403", answering(b"Bad URL hash", 403), *EXPIRED),
    Fault("404", answering(b"", 404), *EXPIRED),
    Fault("410", answering(b"", 410), *EXPIRED),
    Fault("a page at 200", answering(PAGE, Content_Type="text/html"), *PAGES),
    Fault("a page called a JPEG", answering(PAGE, Content_Type="image/jpeg"), *PAGES),
    Fault("a redirect to a page", redirecting("/login"), *PAGES),
    Fault("one word", answering(b"Invalid URL signature"), *PAGES),
    Fault("bytes of no kind", answering(bytes(range(256)) * 5000), *ODD, quarantined=1),
    Fault("garbage that begins like a JPEG", answering(JPEG[:4] + PAGE), *CUT, quarantined=1),
    Fault("a JPEG cut without a word", sending(CLOSING + JPEG[:-300]), *CUT, quarantined=1),
    Fault("a JPEG that the host has cut", answering(JPEG[:-300]), *CUT, quarantined=1),
    Fault("a video cut without a word", sending(CLOSING + VIDEO[:THIRD]), *CUT, quarantined=1),
    Fault("a video that the host has cut", answering(VIDEO[:THIRD]), *CUT, quarantined=1),
    Fault("a PNG cut without a word", sending(CLOSING + PNG[:-9]), *CUT, quarantined=1),
    Fault("right bytes, wrong type", answering(JPEG, Content_Type="text/html"), *STORED),
    Fault("a picture sent in gzip", encoded("gzip", gzip.compress(JPEG)), *STORED),
    Fault("a picture sent in br", encoded("br", brotli.compress(JPEG)), *STORED),
    Fault("a picture that is only called gzip", encoded("gzip", JPEG), *STORED),
    Fault("a cut gzip", encoded("gzip", gzip.compress(JPEG)[:-20]), *PASSING),
    Fault("a page in gzip", encoded("gzip", gzip.compress(PAGE)), *PAGES),
    Fault("several layers", encoded("gzip, gzip", gzip.compress(JPEG)), *PAGES),
    Fault("chunked", sending(CHUNKED + CHUNK + b"0\r\n\r\n"), *STORED),
    Fault("no length", sending(CLOSING + JPEG), *STORED),
)

each_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)


@pytest.fixture
def attempt(cdn: OddServer, media_store: Store, make_asset: MakeAsset) -> Attempt:
    """Ends the backoff of a file, makes another attempt, and returns its row."""
    asset = make_asset(f"{cdn.url}/file.jpg")

    def run(reply: Reply, deadline: float = 20.0) -> Asset:
        limits = Limits(
            trusted_hosts=frozenset({cdn.host}), idle_timeout=deadline, grace_period=deadline
        )
        cdn.serve("/file.jpg", reply)
        cdn.serve("/login", answering(PAGE, Content_Type="text/html"))
        Asset.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
        Batch(1, concurrency=Concurrency(1, 1), limits=limits, timing=BatchTiming(30)).run()
        enrichment.enrich_due(seconds=30)
        asset.refresh_from_db()
        return asset

    return run


@each_fault
def test_the_first_attempt_ends_as_expected(attempt: Attempt, fault: Fault) -> None:
    asset = attempt(fault.reply, fault.deadline)

    assert (asset.state, asset.error_code) == fault.first
    assert Asset.objects.stored().count() == StoredFile.objects.servable().count()


@pytest.mark.slow
@each_fault
def test_repeated_attempts_end_as_expected(
    attempt: Attempt, media_store: Store, fault: Fault
) -> None:
    asset = attempt(fault.reply, fault.deadline)
    for _ in range(8):
        if asset.state == "wanted":
            asset = attempt(fault.reply, fault.deadline)

    assert (asset.state, asset.error_code, asset.attempts) == fault.last
    assert Quarantined.objects.count() == fault.quarantined
    assert all(media_store.exists(row.name) for row in Quarantined.objects.all())
    assert len(list(media_store.entries())) == StoredFile.objects.servable().count()


@pytest.mark.parametrize(
    "fault", [each for each in FAULTS if each.first[0] != "failed"], ids=lambda fault: fault.name
)
def test_the_file_is_stored_after_the_fault_ends(
    attempt: Attempt, media_store: Store, fault: Fault
) -> None:
    asset = attempt(fault.reply, fault.deadline)
    if asset.state == "expired":  # as a renewal does
        Asset.objects.update(state="wanted")

    asset = attempt(answering(JPEG))

    assert (asset.state, asset.error_code, asset.error) == ("stored", "", "")
    assert asset.file is not None
    assert (media_store.root / asset.file.name).read_bytes() == JPEG


def test_a_whole_video_without_a_length_is_stored(attempt: Attempt) -> None:
    asset = attempt(sending(CLOSING + VIDEO))

    assert (asset.state, asset.file and asset.file.size) == ("stored", len(VIDEO))


def test_a_pause_that_is_asked_for_is_kept(attempt: Attempt) -> None:
    asset = attempt(answering(b"", 429, Retry_After="600"))

    assert asset.next_attempt_at.timestamp() > time.time() + 590
