"""Files without a row, and rows without references."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from storage import partial_files, store
from storage.download import queue
from storage.download.queue import Success
from storage.fixity import orphans
from storage.formats import media_types
from storage.models import StoredFile
from storage.store import Store
from storage.tests.conftest import MakeAsset, MakeFile, beside
from tests.support import samples
from tests.support.waiting import lock_is_awaited, wait_until

pytestmark = pytest.mark.django_db

LONG_AGO = timezone.now() - timedelta(days=1)


def later() -> datetime:
    return timezone.now() + orphans.GRACE_PERIOD + timedelta(minutes=1)


def test_a_file_without_a_row_is_found(media_store: Store, make_file: MakeFile) -> None:
    make_file(samples.jpeg(seed=1))
    stray = store.save(samples.jpeg(seed=2), media_types.JPEG)

    assert list(orphans.files(later())) == [stray.name]


def test_a_file_with_another_extension_than_its_row_is_found(
    media_store: Store, make_file: MakeFile
) -> None:
    file = make_file(samples.jpeg())
    (media_store.root / file.name).with_suffix(".png").write_bytes(b"x")

    assert list(orphans.files(later())) == [file.name.replace(".jpg", ".png")]


def test_a_download_in_progress_is_no_orphan(media_store: Store) -> None:
    store.save(samples.jpeg(), media_types.JPEG)

    with partial_files.open_partial(media_store, "1") as part:
        part.write(b"half a picture")

        assert list(orphans.files(timezone.now())) == []


def test_files_beside_the_store_are_no_orphans(media_store: Store) -> None:
    for place in ("tmp/abc", "quarantine/ab/cd", "readme.txt", "lost+found/x"):
        path = media_store.root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")

    assert list(orphans.files(later())) == []


def test_an_empty_store_has_no_orphans(media_store: Store) -> None:
    assert list(orphans.files(later())) == []


def test_a_row_without_references_is_found(make_file: MakeFile, make_asset: MakeAsset) -> None:
    idle = make_file(samples.jpeg(seed=1), stored_at=LONG_AGO)
    make_asset(state="stored", file=make_file(samples.jpeg(seed=2), stored_at=LONG_AGO))
    poster = make_file(samples.jpeg(seed=3), stored_at=LONG_AGO)
    video = make_file(samples.video(), media_types.MP4, poster=poster, stored_at=LONG_AGO)
    make_asset(state="stored", file=video)
    make_file(samples.jpeg(seed=4))

    assert orphans.rows(timezone.now()) == [idle]


def test_rejected_and_lost_rows_are_no_orphans(make_file: MakeFile) -> None:
    make_file(samples.jpeg(seed=1), stored_at=LONG_AGO, rejected_at=LONG_AGO)
    make_file(samples.jpeg(seed=2), stored_at=LONG_AGO, lost_at=LONG_AGO)

    assert orphans.rows(timezone.now()) == []


def test_a_row_is_deleted_with_its_bytes(make_file: MakeFile, media_store: Store) -> None:
    file = make_file(samples.jpeg(), stored_at=LONG_AGO)

    deleted = orphans.delete_row(file, timezone.now())

    assert (deleted, StoredFile.objects.exists(), media_store.exists(file.name)) == (
        True,
        False,
        False,
    )


def test_a_row_that_came_into_use_stays(
    make_file: MakeFile, make_asset: MakeAsset, media_store: Store
) -> None:
    file = make_file(samples.jpeg(), stored_at=LONG_AGO)
    make_asset(state="stored", file=file)

    deleted = orphans.delete_row(file, timezone.now())

    assert (deleted, media_store.exists(file.name)) == (False, True)


def test_a_file_that_got_its_row_stays(make_file: MakeFile, media_store: Store) -> None:
    file = make_file(samples.jpeg())

    assert not orphans.delete_file(file.name)
    assert (media_store.root / file.name).read_bytes() == samples.jpeg()


def test_a_file_that_is_gone_already_is_no_error(media_store: Store) -> None:
    assert orphans.delete_file(f"ab/ab{'0' * 62}.jpg")


def test_a_file_with_a_name_of_no_download_is_deleted(media_store: Store) -> None:
    path = media_store.root / "ab" / f"{'long' * 60}.txt"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")

    assert orphans.delete_file(f"ab/{path.name}")
    assert not path.exists()


def test_a_file_with_another_extension_than_its_row_is_deleted_alone(
    media_store: Store, make_file: MakeFile
) -> None:
    file = make_file(samples.jpeg())
    stray = file.name.replace(".jpg", ".png")
    (media_store.root / stray).write_bytes(b"x")

    assert orphans.delete_file(stray)
    assert [media_store.exists(stray), media_store.exists(file.name)] == [False, True]


def test_a_deleted_file_leaves_no_row(media_store: Store) -> None:
    orphans.delete_file(store.save(samples.jpeg(), media_types.JPEG).name)

    assert not StoredFile.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_bytes_that_a_download_is_about_to_commit_stay(
    media_store: Store, make_asset: MakeAsset
) -> None:
    content = store.save(samples.jpeg(), media_types.JPEG)
    asset = make_asset()
    [claimed] = queue.claim(1)
    deleted: list[bool] = []

    with transaction.atomic():
        queue.settle([Success(claimed, content)])
        other = beside(lambda: deleted.append(orphans.delete_file(content.name)))
        wait_until(lock_is_awaited)
    other.join()

    asset.refresh_from_db()
    assert (deleted, asset.state, media_store.exists(content.name)) == ([False], "stored", True)


@pytest.mark.django_db(transaction=True)
def test_a_row_that_comes_into_use_at_the_same_time_stays(
    make_file: MakeFile, make_asset: MakeAsset, media_store: Store
) -> None:
    file = make_file(samples.jpeg(), stored_at=LONG_AGO)
    make_asset()
    [claimed] = queue.claim(1)
    content = store.save(samples.jpeg(), media_types.JPEG)
    deleted: list[bool] = []

    with transaction.atomic():
        queue.settle([Success(claimed, content)])
        other = beside(lambda: deleted.append(orphans.delete_row(file, timezone.now())))
        wait_until(lock_is_awaited)
    other.join()

    assert (deleted, media_store.exists(file.name)) == ([False], True)
