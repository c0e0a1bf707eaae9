"""Bytes are deleted when nothing refers to them any more, and not earlier."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from storage import store
from storage.download import queue
from storage.download.queue import BatchResult, Success
from storage.fixity import removal, verify
from storage.formats import media_types
from storage.models import Asset, FixityEvent, Quarantined, StoredFile
from storage.store import MediaContent, Store, quarantined_name
from storage.tests.conftest import MakeAsset
from tests.support.waiting import lock_is_awaited, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def content(media_store: Store) -> MediaContent:
    """Bytes in the store, without a row."""
    return store.save(b"bytes", media_types.JPEG)


@pytest.fixture
def file(content: MediaContent) -> StoredFile:
    """Bytes with a row that nothing refers to."""
    with transaction.atomic():
        return queue.files_of([content])[content.sha256]


def test_a_file_without_references_is_deleted(file: StoredFile, media_store: Store) -> None:
    removal.discard([file.sha256])

    assert not StoredFile.objects.exists()
    assert not media_store.exists(file.name)


def test_a_file_with_a_reference_stays(
    file: StoredFile, media_store: Store, make_asset: MakeAsset
) -> None:
    make_asset(state="stored", file=file)

    removal.discard([file.sha256])

    assert media_store.exists(file.name)


def test_a_poster_is_deleted_with_its_only_video(file: StoredFile) -> None:
    video = StoredFile.objects.create(sha256="v", size=1, extension="mp4", poster=file)

    removal.discard([file.sha256, video.sha256])

    assert not StoredFile.objects.exists()


def test_a_poster_that_the_caller_did_not_name_is_deleted_with_its_video(file: StoredFile) -> None:
    StoredFile.objects.create(sha256="v", size=1, extension="mp4", poster=file)

    removal.discard(["v"])

    assert not StoredFile.objects.exists()


def test_a_poster_that_an_asset_has_too_stays(file: StoredFile, make_asset: MakeAsset) -> None:
    StoredFile.objects.create(sha256="v", size=1, extension="mp4", poster=file)
    make_asset(state="stored", file=file)

    removal.discard(["v"])

    assert StoredFile.objects.get() == file


def test_a_poster_stays_as_long_as_a_video_shows_it(file: StoredFile) -> None:
    StoredFile.objects.create(sha256="v", size=1, extension="mp4", poster=file)

    removal.discard([file.sha256])

    assert StoredFile.objects.count() == 2


def test_the_quarantined_bytes_of_a_file_are_deleted_with_it(
    file: StoredFile, media_store: Store
) -> None:
    with media_store.temporary_path() as path:
        path.write_bytes(b"damaged")
        media_store.put(path, quarantined_name("dd"))
    Quarantined.objects.create(reason="damaged", sha256="dd", size=7, expected_sha256=file.sha256)
    FixityEvent.objects.create(kind="damaged", sha256=file.sha256, name=file.name, size=5)

    removal.discard([file.sha256])

    assert not Quarantined.objects.exists()
    assert not FixityEvent.objects.exists()
    assert not media_store.exists(quarantined_name("dd"))


def test_a_damaged_file_that_another_asset_wants_back_stays(
    file: StoredFile, media_store: Store, make_asset: MakeAsset
) -> None:
    first, second = (make_asset(state="stored", file=file) for _ in range(2))
    (media_store.root / file.name).write_bytes(b"damaged")
    verify.mark_lost(verify.check(file, media_store), timezone.now())
    kept = Quarantined.objects.get()

    first.delete()
    removal.discard([file.sha256])
    wanted = FixityEvent.objects.exists(), media_store.exists(kept.name)
    second.delete()
    removal.discard([file.sha256])
    unwanted = FixityEvent.objects.exists(), media_store.exists(kept.name)

    assert (wanted, unwanted) == ((True, True), (False, False))


def test_bytes_that_were_deleted_before_a_crash_are_no_error(
    file: StoredFile, media_store: Store
) -> None:
    media_store.delete(file.name)

    removal.discard([file.sha256])

    assert not StoredFile.objects.exists()


def test_bytes_whose_asset_was_erased_meanwhile_are_deleted(
    content: MediaContent, media_store: Store, make_asset: MakeAsset
) -> None:
    make_asset()
    [claimed] = queue.claim(1)
    Asset.objects.all().delete()

    result = queue.settle([Success(claimed, content)])

    assert result == BatchResult(lost=1)
    assert not media_store.exists(content.name)
    assert not StoredFile.objects.exists()


def test_bytes_whose_asset_another_worker_took_over_stay(
    content: MediaContent, media_store: Store, make_asset: MakeAsset
) -> None:
    make_asset()
    [claimed] = queue.claim(1)
    Asset.objects.update(lease=None, leased_until=None)

    queue.settle([Success(claimed, content)])

    assert media_store.exists(content.name)


def test_bytes_that_were_deleted_before_their_row_was_written_are_fetched_again(
    content: MediaContent, media_store: Store, make_asset: MakeAsset
) -> None:
    make_asset()
    [claimed] = queue.claim(1)
    media_store.delete(content.name)

    result = queue.settle([Success(claimed, content)])

    assert (result.stored, result.retried) == (0, 1)


def test_a_download_of_the_same_bytes_waits_for_a_removal_and_is_not_stored_without_them(
    file: StoredFile, content: MediaContent, make_asset: MakeAsset
) -> None:
    make_asset()
    [claimed] = queue.claim(1)
    results: list[BatchResult] = []

    def settle() -> None:
        try:
            results.append(queue.settle([Success(claimed, content)]))
        finally:
            connection.close()

    download = threading.Thread(target=settle)
    with transaction.atomic():
        removal.discard([file.sha256])
        download.start()
        wait_until(lock_is_awaited)
    download.join()

    assert results == [BatchResult(retried=1)]


def test_a_removal_waits_for_a_download_of_the_same_bytes_and_leaves_them(
    file: StoredFile, content: MediaContent, media_store: Store, make_asset: MakeAsset
) -> None:
    make_asset()
    claimed = queue.claim(1)
    other = threading.Thread(target=discard_and_disconnect, args=(file.sha256,))

    with transaction.atomic():
        queue.settle([Success(each, content) for each in claimed])
        other.start()
        wait_until(lock_is_awaited)
    other.join()

    assert media_store.exists(file.name)
    assert Asset.objects.get(stored_at__lte=timezone.now()).file == file


def discard_and_disconnect(digest: str) -> None:
    try:
        removal.discard([digest])
    finally:
        connection.close()
