"""Damaged and lost files are restored."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.db import transaction
from pytest_django import Settings

from storage import enrichment, store
from storage.download import queue
from storage.download.batch import download_batch
from storage.download.queue import Success
from storage.fixity import removal, verify
from storage.formats import media_types
from storage.models import Asset, FixityEvent, StoredFile
from storage.store import Store
from storage.tests.conftest import MakeAsset, MakeFile, beside
from tests.support import samples
from tests.support.decay import LONG_AGO, flip, verify_round
from tests.support.odd_server import OddServer, answering
from tests.support.waiting import lock_is_awaited, wait_until


@pytest.fixture
def file(make_file: MakeFile) -> StoredFile:
    """A stored JPEG that is due."""
    return make_file(samples.jpeg(), verified_at=LONG_AGO)


@pytest.fixture
def asset(make_asset: MakeAsset, file: StoredFile) -> Asset:
    """An asset that has the file. Its URL cannot be fetched."""
    return make_asset(state="stored", file=file, stored_at=LONG_AGO, attempts=3, renewals=2)


@pytest.fixture
def copy(settings: Settings, tmp_path: Path) -> Path:
    """The other copy of the store, still empty."""
    settings.MEDIA_COPY = tmp_path / "copy"
    return tmp_path / "copy"


def copied(media_store: Store, copy: Path) -> None:
    shutil.copytree(media_store.root, copy)


def test_lost_files_are_restored_from_the_copy(
    file: StoredFile, asset: Asset, media_store: Store, copy: Path
) -> None:
    copied(media_store, copy)
    media_store.delete(file.name)

    verify_round()

    asset.refresh_from_db()
    event = FixityEvent.objects.get()
    assert (event.repaired_by, asset.state, asset.file) == ("copy", "stored", file)
    assert (media_store.root / file.name).read_bytes() == samples.jpeg()


def test_a_copy_that_is_damaged_too_is_not_used(
    file: StoredFile, asset: Asset, media_store: Store, copy: Path
) -> None:
    copied(media_store, copy)
    flip(Store(copy), file)
    media_store.delete(file.name)

    verify_round()

    assert FixityEvent.objects.get().repaired_at is None
    assert not media_store.exists(file.name)


def test_a_copy_that_cannot_be_read_stops_no_other_repair(
    make_file: MakeFile, media_store: Store, copy: Path
) -> None:
    files = [make_file(samples.jpeg(seed=seed), verified_at=LONG_AGO) for seed in range(2)]
    copied(media_store, copy)
    (copy / files[0].name).unlink()
    (copy / files[0].name).mkdir()
    for file in files:
        media_store.delete(file.name)

    verify_round()

    assert FixityEvent.objects.open().get().sha256 == files[0].sha256


@pytest.mark.django_db(transaction=True)
def test_lost_files_are_downloaded_again(
    make_file: MakeFile, make_asset: MakeAsset, media_store: Store, cdn: OddServer
) -> None:
    file = make_file(samples.jpeg(), verified_at=LONG_AGO)
    asset = make_asset(cdn.serve("/file.jpg", answering(samples.jpeg())), state="stored", file=file)
    media_store.delete(file.name)
    verify_round()

    download_batch(10)

    asset.refresh_from_db()
    event = FixityEvent.objects.get()
    assert (event.repaired_by, asset.state, asset.file) == ("again", "stored", file)
    assert verify.check(file, media_store).is_whole


@pytest.mark.django_db(transaction=True)
def test_other_bytes_do_not_close_the_event(
    make_file: MakeFile, make_asset: MakeAsset, media_store: Store, cdn: OddServer
) -> None:
    file = make_file(samples.jpeg(), verified_at=LONG_AGO)
    asset = make_asset(
        cdn.serve("/file.jpg", answering(samples.jpeg(seed=7))), state="stored", file=file
    )
    media_store.delete(file.name)
    verify_round()

    download_batch(10)

    asset.refresh_from_db()
    assert asset.state == "stored"
    assert asset.file != file
    assert FixityEvent.objects.open().get().sha256 == file.sha256


@pytest.mark.usefixtures("asset")
def test_bytes_whose_loss_was_accepted_are_stored_if_they_arrive(
    file: StoredFile, media_store: Store
) -> None:
    media_store.delete(file.name)
    verify_round()
    FixityEvent.objects.get().close(FixityEvent.Repair.ACCEPTED, LONG_AGO)
    [claimed] = queue.claim(1)

    queue.settle([Success(claimed, store.save(samples.jpeg(), media_types.JPEG))])

    file.refresh_from_db()
    assert (Asset.objects.get().file, file.lost_at) == (file, None)


def test_one_download_restores_the_file_for_all_its_assets(
    file: StoredFile, make_asset: MakeAsset, media_store: Store
) -> None:
    for _ in range(3):
        make_asset(state="stored", file=file)
    media_store.delete(file.name)
    verify_round()
    [claimed] = queue.claim(1)
    content = store.save(samples.jpeg(), media_types.JPEG)

    queue.settle([Success(claimed, content)])

    assert Asset.objects.stored().filter(file=file).count() == 3


def test_the_files_of_a_folder_that_is_mounted_again_are_restored(
    file: StoredFile, asset: Asset, media_store: Store, tmp_path: Path
) -> None:
    media_store.root.rename(tmp_path / "unmounted")
    verify_round()
    asset.refresh_from_db()
    during = asset.state
    shutil.rmtree(media_store.root, ignore_errors=True)
    (tmp_path / "unmounted").rename(media_store.root)

    verify_round()

    asset.refresh_from_db()
    assert (during, asset.state, asset.file) == ("wanted", "stored", file)
    assert FixityEvent.objects.get().repaired_by == "returned"


def test_a_lost_poster_is_made_again(make_file: MakeFile, media_store: Store) -> None:
    video = make_file(samples.video(), media_types.MP4)
    enrichment.enrich_due(seconds=30)
    video.refresh_from_db()
    assert video.poster is not None
    media_store.delete(video.poster.name)
    StoredFile.objects.update(verified_at=LONG_AGO)

    verify_round()
    enrichment.enrich_due(seconds=30)

    video.refresh_from_db()
    assert video.poster is not None
    assert media_store.exists(video.poster.name)
    assert FixityEvent.objects.get().repaired_by == "again"


def test_a_poster_that_comes_out_differently_replaces_the_lost_one(
    make_file: MakeFile, media_store: Store
) -> None:
    lost = make_file(samples.jpeg(seed=9), verified_at=LONG_AGO)
    video = make_file(samples.video(), media_types.MP4, poster=lost, enriched_at=LONG_AGO)
    media_store.delete(lost.name)
    verify_round()
    enrichment.enrich_due(seconds=30)

    verify_round()

    video.refresh_from_db()
    assert video.poster not in {None, lost}
    assert FixityEvent.objects.get().repaired_by == "replaced"


@pytest.mark.django_db(transaction=True)
def test_bytes_that_are_erased_at_the_same_time_do_not_come_back(
    file: StoredFile, media_store: Store, copy: Path
) -> None:
    media_store.delete(file.name)
    verify_round()
    (copy / file.name).parent.mkdir(parents=True)
    (copy / file.name).write_bytes(samples.jpeg())
    event = FixityEvent.objects.get()

    with transaction.atomic():
        removal.discard([file.sha256])
        other = beside(lambda: verify.restore(event, LONG_AGO))
        wait_until(lock_is_awaited)
    other.join()

    assert not media_store.exists(file.name)


def test_erased_bytes_do_not_come_back_from_the_copy(
    file: StoredFile, media_store: Store, copy: Path
) -> None:
    media_store.delete(file.name)
    verify_round()
    StoredFile.objects.all().delete()
    store.save(samples.jpeg(), media_types.JPEG)
    copied(media_store, copy)
    media_store.delete(file.name)

    verify_round()

    assert not media_store.exists(file.name)
    assert not FixityEvent.objects.exists()
