"""Bytes that failed a check are kept for a while and never served."""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from storage import partial_files
from storage.download.batch import download_batch
from storage.fixity import quarantine
from storage.fixity.quarantine import MAX_AGE
from storage.models import Asset, FixityEvent, Quarantined, StoredFile
from storage.store import Store, quarantined_name
from storage.tests.conftest import MakeAsset, MakeFile
from tests.support import samples
from tests.support.odd_server import OddServer, answering

pytestmark = pytest.mark.django_db(transaction=True)


def put(media_store: Store, data: bytes, **fields: object) -> Quarantined:
    """Bytes in quarantine with their row."""
    with partial_files.open_partial(media_store, "1") as part:
        part.write(data)
        evidence = quarantine.keep(part, media_store)
    return Quarantined.objects.create(
        reason="not_media", sha256=evidence.sha256, size=evidence.size, **fields
    )


ODD = bytes(range(256)) * 8192


def test_bytes_of_no_known_kind_are_kept_whole(
    cdn: OddServer, media_store: Store, make_asset: MakeAsset
) -> None:
    asset = make_asset(cdn.serve("/file.jpg", answering(ODD)))

    download_batch(1)

    kept = Quarantined.objects.get()
    assert (kept.asset, kept.reason, kept.size) == (asset, "not_media", len(ODD))
    assert (media_store.root / kept.name).read_bytes() == ODD


def test_a_page_is_not_kept(cdn: OddServer, media_store: Store, make_asset: MakeAsset) -> None:
    make_asset(cdn.serve("/file.jpg", answering(b"<html>log in</html>" * 999)))

    download_batch(1)

    assert not Quarantined.objects.exists()
    assert list(media_store.entries("quarantine")) == []


def test_the_same_bytes_are_in_quarantine_once(
    cdn: OddServer, media_store: Store, make_asset: MakeAsset
) -> None:
    for _ in range(5):
        make_asset(cdn.serve("/file.jpg", answering(ODD)))

    download_batch(5)

    assert Quarantined.objects.count() == 5
    assert len(list(media_store.entries("quarantine"))) == 1


def test_the_last_bytes_of_a_wanted_file_stay(media_store: Store, make_asset: MakeAsset) -> None:
    long_ago = timezone.now() - MAX_AGE * 2
    asset = make_asset(state="failed")
    put(media_store, b"first", found_at=long_ago, asset=asset)
    last = put(media_store, b"last", found_at=long_ago, asset=asset)

    assert quarantine.prune(timezone.now(), max_bytes=0) == 1
    assert [*Quarantined.objects.all()] == [last]


def test_the_bytes_of_a_file_that_is_stored_by_now_go(
    media_store: Store, make_asset: MakeAsset, make_file: MakeFile
) -> None:
    asset = make_asset(state="stored", file=make_file(samples.jpeg()))
    put(media_store, b"odd", found_at=timezone.now() - MAX_AGE * 2, asset=asset)

    assert quarantine.prune(timezone.now()) == 1


def reject(media_store: Store, file: StoredFile, asset: Asset) -> None:
    """Put a file into quarantine, as earlier versions did if they could not decode it."""
    with media_store.temporary_path() as path:
        media_store.take(file.name, path)
        media_store.put(path, quarantined_name(file.sha256))
    StoredFile.objects.update(rejected_at=timezone.now(), enriched_at=timezone.now())
    Quarantined.objects.create(
        reason="undecodable",
        asset=asset,
        sha256=file.sha256,
        size=file.size,
        expected_sha256=file.sha256,
    )


def test_files_that_an_earlier_version_rejected_are_stored_again(
    media_store: Store, make_asset: MakeAsset, make_file: MakeFile
) -> None:
    file, asset = make_file(samples.jpeg()), make_asset(state="failed", error_code="NotMedia")
    reject(media_store, file, asset)

    assert quarantine.restore(timezone.now()) == 1

    file.refresh_from_db()
    asset.refresh_from_db()
    assert (asset.state, asset.file, asset.error_code) == ("stored", file, "")
    assert (file.rejected_at, file.enriched_at, media_store.exists(file.name)) == (None, None, True)
    assert not Quarantined.objects.exists()


def test_a_rejected_file_without_bytes_stays_rejected(
    media_store: Store, make_asset: MakeAsset, make_file: MakeFile
) -> None:
    file, asset = make_file(samples.jpeg()), make_asset(state="failed")
    reject(media_store, file, asset)
    media_store.delete(quarantined_name(file.sha256))

    assert quarantine.restore(timezone.now()) == 0


def test_bytes_whose_kind_is_known_by_now_are_stored(
    media_store: Store, make_asset: MakeAsset
) -> None:
    asset = make_asset(state="failed", error_code="NotMedia")
    row = put(media_store, samples.jpeg(), asset=asset)
    put(media_store, samples.jpeg()[:-200], asset=make_asset(state="failed"))

    assert quarantine.restore(timezone.now()) == 1

    asset.refresh_from_db()
    assert (asset.state, asset.file and asset.file.sha256) == ("stored", row.sha256)
    assert media_store.exists(f"{row.sha256[:2]}/{row.sha256}.jpg")


def test_quarantined_bytes_have_no_address(client: Client, media_store: Store) -> None:
    kept = put(media_store, b"<script>")

    answers = [
        client.get(f"/media/{place}").status_code
        for place in (kept.name, f"{kept.sha256[:2]}/{kept.sha256}.jpg")
    ]

    assert answers == [404, 404]


def test_old_bytes_go_with_their_rows(media_store: Store) -> None:
    now = timezone.now()
    old = put(media_store, b"old", found_at=now - MAX_AGE - timedelta(minutes=1))
    young = put(media_store, b"young", found_at=now - MAX_AGE + timedelta(minutes=1))

    assert quarantine.prune(now) == 1

    assert list(Quarantined.objects.all()) == [young]
    assert (media_store.exists(old.name), media_store.exists(young.name)) == (False, True)


def test_bytes_that_a_younger_row_names_stay(media_store: Store) -> None:
    now = timezone.now()
    put(media_store, b"page", found_at=now - MAX_AGE * 2)
    young = put(media_store, b"page", found_at=now)

    quarantine.prune(now)

    assert media_store.exists(young.name)


def test_the_oldest_bytes_above_the_size_limit_are_deleted(media_store: Store) -> None:
    now = timezone.now()
    rows = [put(media_store, bytes([n]) * 10, found_at=now - timedelta(hours=n)) for n in range(5)]

    quarantine.prune(now, max_bytes=25)

    assert set(Quarantined.objects.all()) == {rows[0], rows[1]}


def test_damaged_bytes_stay_until_their_file_is_repaired(media_store: Store) -> None:
    now = timezone.now()
    kept = put(media_store, b"damaged", found_at=now - MAX_AGE * 2)
    event = FixityEvent.objects.create(
        kind="damaged", sha256="a" * 64, name="x", size=7, found_sha256=kept.sha256
    )
    before = quarantine.prune(now, max_bytes=0)
    event.close(FixityEvent.Repair.COPY, now)

    after = quarantine.prune(now)

    assert (before, after) == (0, 1)


def test_bytes_of_a_killed_worker_go_when_they_are_old(media_store: Store) -> None:
    row = put(media_store, b"no row")
    Quarantined.objects.all().delete()

    quarantine.prune(timezone.now())
    young = media_store.exists(row.name)
    quarantine.prune(timezone.now() + MAX_AGE + timedelta(minutes=1))

    assert (young, media_store.exists(row.name)) == (True, False)


def test_quarantined_files_are_no_orphans(media_store: Store, settings: Settings) -> None:
    row = put(media_store, os.urandom(50))

    assert hashlib.sha256((media_store.root / row.name).read_bytes()).hexdigest() == row.sha256
    assert list(media_store.entries()) == []
