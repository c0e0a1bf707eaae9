"""A download that broke goes on where it stopped, and the file is the same as if it had not."""

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
from storage.download.fetch import MAX_RESUMES, Fetcher, Limits
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
    """One file of a host, fetched into the same part each time."""

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
        """Fetch until the attempt fails, as a batch does: what has arrived is kept."""
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


def test_a_reset_download_goes_on_where_it_stopped(host: Host) -> None:
    host.breaks([1000, 2000])

    content = host.fetch()

    assert is_whole(content, host.media_store)
    assert starts(host.cdn) == [0, 1000, 3000]


def test_a_later_attempt_goes_on_where_the_last_one_stopped(host: Host) -> None:
    host.breaks([1000, 0])
    host.fail()

    content = host.fetch()

    assert is_whole(content, host.media_store)
    assert starts(host.cdn) == [0, 1000, 1000]


def test_nothing_is_left_beside_a_finished_file(host: Host) -> None:
    host.breaks([1000, 0])
    host.fail()

    host.fetch()

    assert list((host.media_store.root / TEMP_FOLDER).iterdir()) == []


def test_a_fresh_url_goes_on_with_the_part_of_the_expired_one(host: Host) -> None:
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


def test_a_host_that_sends_another_range_is_asked_for_all(host: Host) -> None:
    host.breaks([1000, 0])
    host.fail()
    host.will(breaking(host.cdn, BODY, [], offset=5))

    assert is_whole(host.fetch(), host.media_store)
    assert starts(host.cdn)[-2:] == [1000, 0]


@pytest.mark.parametrize("tag", ['W/"one"', "", "one"])
def test_without_a_strong_tag_nothing_is_kept(host: Host, tag: str) -> None:
    host.breaks([1000], ETag=tag)

    host.fail()

    assert list((host.media_store.root / TEMP_FOLDER).iterdir()) == []


@pytest.mark.parametrize(("date", "wanted"), [(LATER, [0, 1000]), (EARLIER, [0])])
def test_an_old_modification_time_serves_as_a_tag(host: Host, date: str, wanted: list[int]) -> None:
    host.breaks([1000, 0], ETag="", Last_Modified=EARLIER, Date=date)

    host.fail()

    assert starts(host.cdn) == wanted


def test_a_host_that_has_no_such_bytes_is_asked_for_all_of_them(host: Host) -> None:
    host.breaks([1000, 0])
    host.fail()

    def no_range(connection: socket.socket) -> None:
        status = 416 if b"Range:" in host.cdn.heads[-1] else 200
        answering(BODY, status)(connection)

    host.will(no_range)

    assert is_whole(host.fetch(), host.media_store)


def test_a_part_that_changed_on_disk_is_not_used(host: Host) -> None:
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
def test_a_note_that_says_nothing_is_not_used(host: Host, note: bytes) -> None:
    host.breaks([1000, 0])
    host.fail()
    host.checkpoint.write_bytes(note)

    assert is_whole(host.fetch(), host.media_store)
    assert starts(host.cdn)[-1] == 0


def test_bytes_beyond_the_note_are_fetched_again(host: Host) -> None:
    host.breaks([1000, 0])
    host.fail()
    with host.part.open("ab") as file:
        file.write(b"written by a process that was killed")

    content = host.fetch()

    assert is_whole(content, host.media_store)
    assert starts(host.cdn)[-1] == 1000


def test_a_long_download_is_noted_on_its_way(host: Host) -> None:
    with partial_files.open_partial(host.media_store, "1", checkpoint_every=1000) as part:
        part.restart(partial_files.Version('"one"', len(BODY)))
        part.write(BODY[:1500])
        note = json.loads(host.checkpoint.read_bytes())

    assert note["sha256"] == hashlib.sha256(BODY[:1500]).hexdigest()


def test_two_workers_do_not_write_into_one_part(host: Host) -> None:
    with (
        partial_files.open_partial(host.media_store, "1") as first,
        partial_files.open_partial(host.media_store, "1") as second,
    ):
        first.write(b"mine")
        second.write(b"yours")

        assert first.path.read_bytes() == b"mine"
        assert second.path.read_bytes() == b"yours"


def test_a_part_put_while_another_opened_it_stays_whole(host: Host) -> None:
    with partial_files.open_partial(host.media_store, "1") as first:
        first.write(b"finished")
        with host.part.open("a+b", buffering=0) as late:
            first.finish(host.media_store, "ab/finished.jpg")
            is_ours = partial_files._is_ours(late, host.part)

    assert not is_ours
    assert (host.media_store.root / "ab/finished.jpg").read_bytes() == b"finished"


def test_without_progress_the_attempt_ends(host: Host) -> None:
    host.breaks([1000, 0, 0])

    host.fail()

    assert len(host.cdn.heads) == 2


def test_an_attempt_goes_on_only_a_few_times(host: Host) -> None:
    host.breaks([100] * 50)

    with pytest.raises(TransientDownloadError):
        host.fetch()

    assert len(host.cdn.heads) == MAX_RESUMES + 1


def test_a_small_beginning_is_not_worth_a_note(host: Host) -> None:
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


def test_the_parts_of_some_assets_can_be_discarded(media_store: Store) -> None:
    (media_store.root / TEMP_FOLDER).mkdir(parents=True)
    for name in ("part-1-ab", "part-1-ab.json", "part-1-ab.new", "part-1-cd", "part-11-ab", "1-ab"):
        (media_store.root / TEMP_FOLDER / name).touch()

    partial_files.discard(media_store, [1, 2])

    assert temporary_names(media_store) == {"part-11-ab", "1-ab"}


def test_a_part_that_a_worker_holds_is_discarded_by_a_later_call(media_store: Store) -> None:
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


def test_without_a_store_there_are_no_parts_to_discard(media_store: Store) -> None:
    partial_files.discard(media_store, [1])

    assert not media_store.root.exists()
