"""Damage and loss are found and recorded."""

from __future__ import annotations

import hashlib
import shutil
from contextlib import closing
from datetime import timedelta
from threading import Thread

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from storage import store
from storage.errors import StoreMissing
from storage.fixity import verify
from storage.formats import media_types
from storage.models import SUSPECT, Asset, FixityEvent, Quarantined, StoredFile
from storage.store import Store
from storage.tests.conftest import MakeAsset, MakeFile
from tests.support import samples
from tests.support.decay import CYCLE, LONG_AGO, flip, verify_round


@pytest.fixture
def file(make_file: MakeFile) -> StoredFile:
    """A stored JPEG that is due."""
    return make_file(samples.jpeg(), verified_at=LONG_AGO)


@pytest.fixture
def asset(make_asset: MakeAsset, file: StoredFile) -> Asset:
    """An asset that has the file. Its URL cannot be fetched."""
    return make_asset(state="stored", file=file, stored_at=LONG_AGO, attempts=3, renewals=2)


def test_a_whole_file_is_verified_again(file: StoredFile) -> None:
    before = timezone.now()

    assert verify_round() == 1

    file.refresh_from_db()
    assert file.verified_at >= before
    assert not FixityEvent.objects.exists()


def test_recently_verified_files_are_skipped(make_file: MakeFile) -> None:
    make_file(samples.jpeg(), verified_at=timezone.now() - CYCLE * 0.8)

    assert verify_round() == 0


def test_the_oldest_checks_come_first(make_file: MakeFile) -> None:
    files = [
        make_file(samples.jpeg(seed=age), verified_at=LONG_AGO - timedelta(days=age))
        for age in range(5)
    ]

    with closing(verify.check_all(timezone.now(), timezone.now())) as walk:
        order = [seen.file.pk for seen in walk]

    assert order == [file.pk for file in reversed(files)]


def test_an_interrupted_round_goes_on_where_it_stopped(make_file: MakeFile) -> None:
    for seed in range(5):
        make_file(samples.jpeg(seed=seed), verified_at=LONG_AGO + timedelta(days=seed))
    now = timezone.now()
    with closing(verify.check_all(now, now)) as walk:
        done = {next(walk).file.pk for _ in range(2)}

    with closing(verify.check_all(now, now)) as walk:
        rest = {seen.file.pk for seen in walk}

    assert (len(rest), rest & done) == (3, set())


def test_without_time_one_file_is_verified(make_file: MakeFile) -> None:
    for seed in range(5):
        make_file(samples.jpeg(seed=seed), verified_at=LONG_AGO)

    assert verify_round(seconds=0) == 1


def test_a_group_of_files_takes_two_statements(
    make_file: MakeFile, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for seed in range(verify.GROUP_SIZE - 1):
        make_file(samples.jpeg(seed=seed), verified_at=LONG_AGO)

    with django_assert_num_queries(4):  # the group, its update, no further group, open events
        assert verify_round() == verify.GROUP_SIZE - 1


@pytest.mark.slow
def test_more_files_than_a_group_are_all_verified(make_file: MakeFile) -> None:
    for seed in range(2 * verify.GROUP_SIZE + 1):
        make_file(samples.jpeg(seed=seed), verified_at=LONG_AGO)

    assert verify_round() == 2 * verify.GROUP_SIZE + 1


def test_a_flipped_bit_is_found_and_recorded(
    file: StoredFile, asset: Asset, media_store: Store
) -> None:
    damaged = flip(media_store, file)

    verify_round()

    event = FixityEvent.objects.get()
    assert (event.kind, event.sha256, event.assets) == ("damaged", file.sha256, [asset.pk])
    assert event.found_sha256 == hashlib.sha256(damaged).hexdigest()
    assert event.repaired_at is None


def test_damaged_bytes_are_kept_in_quarantine(
    file: StoredFile, asset: Asset, media_store: Store
) -> None:
    damaged = flip(media_store, file)

    verify_round()

    kept = Quarantined.objects.get()
    assert (kept.reason, kept.asset, kept.expected_sha256) == ("damaged", asset, file.sha256)
    assert (media_store.root / kept.name).read_bytes() == damaged
    assert not media_store.exists(file.name)


def test_damaged_bytes_of_several_assets_belong_to_none_of_them(
    file: StoredFile, asset: Asset, make_asset: MakeAsset, media_store: Store
) -> None:
    make_asset(state="stored", file=file, owner_id="2")
    flip(media_store, file)

    verify_round()

    assert Quarantined.objects.get().asset is None


def test_a_cut_file_is_damaged(file: StoredFile, media_store: Store) -> None:
    (media_store.root / file.name).write_bytes(samples.jpeg()[:-1])

    verify_round()

    assert FixityEvent.objects.get().kind == "damaged"


def test_a_lost_file_is_wanted_again_with_all_attempts(
    file: StoredFile, asset: Asset, media_store: Store
) -> None:
    media_store.delete(file.name)

    verify_round()

    asset.refresh_from_db()
    assert FixityEvent.objects.get().kind == "lost"
    assert (asset.state, asset.file, asset.attempts, asset.renewals) == ("wanted", None, 0, 0)
    assert asset.next_attempt_at <= timezone.now()


@pytest.mark.django_db(transaction=True)
def test_a_loss_starts_a_download(
    file: StoredFile, asset: Asset, media_store: Store, sent: list[str]
) -> None:
    media_store.delete(file.name)

    verify_round()

    assert sent == ["instagram.download_assets"]


def test_a_lost_file_keeps_its_row_and_is_not_served(file: StoredFile, media_store: Store) -> None:
    media_store.delete(file.name)

    verify_round()

    file.refresh_from_db()
    assert file.lost_at is not None
    assert not StoredFile.objects.servable().exists()


def test_a_loss_is_recorded_once(file: StoredFile, media_store: Store) -> None:
    media_store.delete(file.name)

    first = verify.mark_lost(verify.FileCheck(file), timezone.now())
    second = verify.mark_lost(verify.FileCheck(file), timezone.now())

    assert first is not None
    assert (second, FixityEvent.objects.count()) == (None, 1)


def test_the_database_keeps_one_open_event_of_a_file(file: StoredFile, media_store: Store) -> None:
    media_store.delete(file.name)
    verify_round()

    with pytest.raises(IntegrityError, match="fixity_event_open_once_per_file"):
        FixityEvent.objects.create(kind="lost", sha256=file.sha256, name=file.name, size=1)


def test_a_file_that_a_download_replaced_meanwhile_is_not_taken_back(
    file: StoredFile, asset: Asset, media_store: Store
) -> None:
    flip(media_store, file)
    seen = verify.check(file, media_store)
    store.save(samples.jpeg(), media_types.JPEG)

    event = verify.mark_lost(seen, timezone.now())

    assert event is None
    assert verify.check(file, media_store).is_whole


def test_a_folder_that_is_not_mounted_is_not_taken_for_the_loss_of_everything(
    make_file: MakeFile, media_store: Store
) -> None:
    for seed in range(50):
        make_file(samples.jpeg(seed=seed), verified_at=LONG_AGO)
    shutil.rmtree(media_store.root)

    for _ in range(3):
        with pytest.raises(StoreMissing):
            verify_round()

    assert not FixityEvent.objects.exists()


def test_a_missing_folder_is_noticed_in_small_rounds_too(
    make_file: MakeFile, media_store: Store
) -> None:
    for seed in range(50):
        make_file(samples.jpeg(seed=seed), verified_at=LONG_AGO if seed == 7 else timezone.now())
    shutil.rmtree(media_store.root)

    with pytest.raises(StoreMissing):
        verify_round()

    assert not FixityEvent.objects.exists()


def test_new_files_do_not_hide_a_missing_folder(make_file: MakeFile, media_store: Store) -> None:
    for seed in range(50):
        make_file(samples.jpeg(seed=seed), verified_at=LONG_AGO)
    shutil.rmtree(media_store.root)
    for seed in range(50, 70):
        make_file(samples.jpeg(seed=seed), verified_at=LONG_AGO)

    with pytest.raises(StoreMissing):
        verify_round()


def test_the_sample_of_a_big_store_is_small_and_from_all_folders(db: None) -> None:
    digests = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(1000)]
    StoredFile.objects.bulk_create(StoredFile(sha256=each, size=1) for each in digests)

    found = StoredFile.objects.store_sample()

    assert len(found) == 128
    assert {file.sha256[0] for file in found} == set("0123456789abcdef")


def test_a_loss_takes_ten_statements(
    make_file: MakeFile, media_store: Store, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    file = make_file(samples.jpeg())
    media_store.delete(file.name)

    with django_assert_num_queries(10):  # the store_sample, savepoints, the lock, and the rows
        verify.mark_lost(verify.FileCheck(file), timezone.now())


@pytest.mark.slow
def test_a_few_losses_among_many_files_are_repaired_in_one_round(
    make_file: MakeFile, media_store: Store
) -> None:
    for seed in range(50):
        file = make_file(samples.jpeg(seed=seed), verified_at=LONG_AGO)
        if seed % 3 == 2:
            media_store.delete(file.name)

    assert verify_round() == 50
    assert FixityEvent.objects.count() == 16


def test_rejected_files_are_not_verified(make_file: MakeFile) -> None:
    make_file(samples.jpeg(), verified_at=LONG_AGO, rejected_at=LONG_AGO)

    assert verify_round() == 0
    assert not FixityEvent.objects.exists()


def test_a_suspect_comes_before_all_others(make_file: MakeFile) -> None:
    make_file(samples.jpeg(seed=1), verified_at=LONG_AGO)
    suspect = make_file(samples.jpeg(seed=2))

    counts = [StoredFile.objects.filter(pk=suspect.pk).mark_suspect() for _ in range(2)]

    first = StoredFile.objects.verified_before(timezone.now()).first()
    assert (counts, first, first and first.verified_at) == ([1, 0], suspect, SUSPECT)


@pytest.mark.django_db(transaction=True)
def test_two_verifications_at_once_record_a_loss_once(
    make_file: MakeFile, make_asset: MakeAsset, media_store: Store
) -> None:
    files = [make_file(samples.jpeg(seed=seed), verified_at=LONG_AGO) for seed in range(20)]
    for file in files[::4]:
        make_asset(state="stored", file=file)
        flip(media_store, file)

    def work() -> None:
        try:
            verify_round()
        finally:
            connection.close()

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert FixityEvent.objects.count() == 5
    assert Asset.objects.filter(state="wanted").count() == 5
