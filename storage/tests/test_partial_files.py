"""Broken downloads are resumed, and the result is the same file."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import partial_files
from storage.download.fetch import MAX_RESUMES, Fetcher
from storage.download.limits import Limits
from storage.errors import DownloadError, TransientDownloadError, UrlExpired
from storage.partial_files import Version
from storage.store import TEMP_FOLDER, MediaContent, Store
from tests.support import samples
from tests.support.breaking import breaking, starts
from tests.support.odd_server import OddServer, Reply, answering

BODY = samples.jpeg() + bytes(range(256)) * 400
LATER = "Wed, 21 Oct 2026 08:00:00 GMT"
EARLIER = "Wed, 21 Oct 2026 07:00:00 GMT"


class Host:
    """One file of a host, always fetched into the same partial download."""

    def __init__(self, cdn: OddServer, media_store: Store) -> None:
        self.cdn = cdn
        self.media_store = media_store
        self.limits = Limits(trusted_hosts=frozenset({cdn.host}), idle_timeout=1)

    def breaks(self, sizes: Iterable[int], *, body: bytes = BODY, **headers: str) -> None:
        self.will(breaking(self.cdn, body, sizes, headers=headers))

    def will(self, reply: Reply) -> None:
        self.cdn.serve("/file.jpg", reply)

    def fetch(self) -> MediaContent:
        with (
            Fetcher(self.limits) as fetcher,
            partial_files.open_partial(self.media_store, "1", checkpoint_every=999) as part,
        ):
            content = fetcher.fetch(f"{self.cdn.url}/file.jpg", part)
            part.finish(self.media_store, content.name)
            return content

    def fail(self) -> None:
        """Fetch as a batch does. The bytes of a failed attempt are kept."""
        with (
            Fetcher(self.limits) as fetcher,
            partial_files.open_partial(self.media_store, "1") as part,
            pytest.raises(DownloadError),
        ):
            fetcher.fetch(f"{self.cdn.url}/file.jpg", part)

    @property
    def part(self) -> Path:
        return self.media_store.root / TEMP_FOLDER / "part-1"

    @property
    def checkpoint(self) -> Path:
        return self.media_store.root / TEMP_FOLDER / "part-1.json"


@pytest.fixture
def host(cdn: OddServer, media_store: Store) -> Host:
    return Host(cdn, media_store)


def is_whole(content: MediaContent, media_store: Store, body: bytes = BODY) -> bool:
    stored = (media_store.root / content.name).read_bytes()
    return stored == body and content.sha256 == hashlib.sha256(body).hexdigest()


def test_a_reset_download_is_resumed(host: Host) -> None:
    host.breaks([1000, 2000])

    content = host.fetch()

    assert is_whole(content, host.media_store)
    assert starts(host.cdn) == [0, 1000, 3000]


def test_a_later_attempt_resumes_the_download(host: Host) -> None:
    host.breaks([1000, 0])
    host.fail()

    content = host.fetch()

    assert is_whole(content, host.media_store)
    assert starts(host.cdn) == [0, 1000, 1000]


def test_a_finished_download_leaves_no_temporary_files(host: Host) -> None:
    host.breaks([1000, 0])
    host.fail()

    host.fetch()

    assert list((host.media_store.root / TEMP_FOLDER).iterdir()) == []


def test_a_fresh_url_resumes_the_download_of_the_expired_one(host: Host) -> None:
    host.breaks([1000, 0])
    host.fail()
    host.will(answering(b"", 403))
    host.fail()
    host.breaks([])

    host.fetch()

    assert starts(host.cdn)[-1] == 1000


@pytest.mark.parametrize("tag", ['"two"', 'W/"one"', ""])
def test_another_version_is_fetched_whole(host: Host, tag: str) -> None:
    host.breaks([1000, 0])
    host.fail()
    other = samples.jpeg() + BODY[::-1]
    host.breaks([], body=other, ETag=tag)

    assert is_whole(host.fetch(), host.media_store, other)


def test_the_whole_file_is_fetched_after_a_wrong_range(host: Host) -> None:
    host.breaks([1000, 0])
    host.fail()
    host.will(breaking(host.cdn, BODY, [], offset=5))

    assert is_whole(host.fetch(), host.media_store)
    assert starts(host.cdn)[-2:] == [1000, 0]


@pytest.mark.parametrize("tag", ['W/"one"', "", "one"])
def test_without_a_strong_validator_nothing_is_kept(host: Host, tag: str) -> None:
    host.breaks([1000], ETag=tag)

    host.fail()

    assert list((host.media_store.root / TEMP_FOLDER).iterdir()) == []


@pytest.mark.parametrize(("date", "wanted"), [(LATER, [0, 1000]), (EARLIER, [0])])
def test_an_old_modification_time_serves_as_a_validator(
    host: Host, date: str, wanted: list[int]
) -> None:
    host.breaks([1000, 0], ETag="", Last_Modified=EARLIER, Date=date)

    host.fail()

    assert starts(host.cdn) == wanted


def test_the_whole_file_is_fetched_after_an_unsatisfiable_range(host: Host) -> None:
    host.breaks([1000, 0])
    host.fail()

    def no_range(connection: socket.socket) -> None:
        status = 416 if b"Range:" in host.cdn.heads[-1] else 200
        answering(BODY, status)(connection)

    host.will(no_range)

    assert is_whole(host.fetch(), host.media_store)


def test_a_partial_download_that_changed_on_disk_is_not_used(host: Host) -> None:
    host.breaks([1000, 0])
    host.fail()
    host.part.write_bytes(b"\xff\xd8\xff" + bytes(997))

    content = host.fetch()

    assert is_whole(content, host.media_store)
    assert starts(host.cdn)[-1] == 0


@pytest.mark.parametrize(
    "note",
    [
        b"", b"{", b"[]", b"null", b'{"size": 3}', b"\xff",
        b'{"validator": "", "total": 9999999, "size": "x", "sha256": ""}',
        b'{"validator": "", "total": 1, "size": 1000, "sha256": ""}',
    ],
)  # fmt: skip
def test_an_invalid_checkpoint_is_not_used(host: Host, note: bytes) -> None:
    host.breaks([1000, 0])
    host.fail()
    host.checkpoint.write_bytes(note)

    assert is_whole(host.fetch(), host.media_store)
    assert starts(host.cdn)[-1] == 0


def test_bytes_beyond_the_checkpoint_are_fetched_again(host: Host) -> None:
    host.breaks([1000, 0])
    host.fail()
    with host.part.open("ab") as file:
        file.write(b"written by a process that was killed")

    content = host.fetch()

    assert is_whole(content, host.media_store)
    assert starts(host.cdn)[-1] == 1000


def test_a_long_download_writes_checkpoints(host: Host) -> None:
    with partial_files.open_partial(host.media_store, "1", checkpoint_every=1000) as part:
        part.restart(partial_files.Version('"one"', len(BODY)))
        part.write(BODY[:1500])
        note = json.loads(host.checkpoint.read_bytes())

    assert note["sha256"] == hashlib.sha256(BODY[:1500]).hexdigest()


def test_two_workers_do_not_write_into_one_partial_download(host: Host) -> None:
    with (
        partial_files.open_partial(host.media_store, "1") as first,
        partial_files.open_partial(host.media_store, "1") as second,
    ):
        first.write(b"mine")
        second.write(b"yours")

        assert first.path.read_bytes() == b"mine"
        assert second.path.read_bytes() == b"yours"


def test_a_file_stored_while_another_worker_opens_it_stays_whole(host: Host) -> None:
    with partial_files.open_partial(host.media_store, "1") as first:
        first.write(b"finished")
        with host.part.open("a+b", buffering=0) as late:
            first.finish(host.media_store, "ab/finished.jpg")
            is_ours = partial_files._is_ours(late, host.part)

    assert not is_ours
    assert (host.media_store.root / "ab/finished.jpg").read_bytes() == b"finished"


def test_an_attempt_without_progress_ends(host: Host) -> None:
    host.breaks([1000, 0, 0])

    host.fail()

    assert len(host.cdn.heads) == 2


def test_an_attempt_resumes_only_a_few_times(host: Host) -> None:
    host.breaks([100] * 50)

    with pytest.raises(TransientDownloadError):
        host.fetch()

    assert len(host.cdn.heads) == MAX_RESUMES + 1


def test_a_small_beginning_gets_no_checkpoint(host: Host) -> None:
    host.breaks([10])

    host.fail()

    assert not host.checkpoint.exists()


def test_a_refused_url_ends_the_attempt_at_once(host: Host) -> None:
    host.will(answering(b"", 403))

    with pytest.raises(UrlExpired):
        host.fetch()

    assert len(host.cdn.heads) == 1


@pytest.mark.slow
@given(sizes=st.lists(st.integers(0, 30_000), max_size=6), restarts=st.booleans())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_wherever_it_breaks_the_file_is_whole(
    host: Host, sizes: list[int], *, restarts: bool
) -> None:
    host.breaks(sizes)
    for _ in sizes:
        try:
            host.fetch()
        except TransientDownloadError:
            continue
    if restarts:
        host.breaks([], body=BODY, ETag='"two"')

    assert is_whole(host.fetch(), host.media_store)


def temporary_names(media_store: Store) -> set[str]:
    return {path.name for path in (media_store.root / TEMP_FOLDER).glob("*")}


def test_the_partial_downloads_of_some_assets_can_be_discarded(media_store: Store) -> None:
    (media_store.root / TEMP_FOLDER).mkdir(parents=True)
    for name in ("part-1-ab", "part-1-ab.json", "part-1-ab.new", "part-1-cd", "part-11-ab", "1-ab"):
        (media_store.root / TEMP_FOLDER / name).touch()

    partial_files.discard(media_store, [1, 2])

    assert temporary_names(media_store) == {"part-11-ab", "1-ab"}


def test_a_locked_partial_download_is_discarded_by_a_later_call(media_store: Store) -> None:
    with partial_files.open_partial(media_store, "1-ab", checkpoint_every=1) as part:
        part.restart(Version('"one"', 1000))
        part.write(bytes(500))
        partial_files.discard(media_store, [1])
        during = temporary_names(media_store)
    partial_files.discard(media_store, [1])

    assert (during >= {"part-1-ab", "part-1-ab.json"}, temporary_names(media_store)) == (
        True,
        set(),
    )


def test_discarding_without_a_store_folder_is_no_error(media_store: Store) -> None:
    partial_files.discard(media_store, [1])

    assert not media_store.root.exists()
