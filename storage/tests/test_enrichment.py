"""The facts of stored bytes are written to their rows."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from storage import enrichment
from storage.errors import StoreMissing
from storage.formats import media_types
from storage.models import Asset, FixityEvent, Quarantined, StoredFile
from storage.store import Store
from storage.tests.conftest import MakeAsset, MakeFile
from tests.support import samples


def enriched(file: StoredFile) -> StoredFile:
    enrichment.enrich_due(seconds=30)
    return StoredFile.objects.select_related("poster").get(pk=file.pk)


def test_an_image_gets_its_facts(make_file: MakeFile) -> None:
    file = enriched(make_file(samples.jpeg(300, 200)))

    assert (file.width, file.height, file.duration) == (300, 200, None)
    assert file.blur
    assert file.enriched_at is not None


def test_a_video_gets_a_poster_that_is_a_stored_file(
    make_file: MakeFile, media_store: Store
) -> None:
    file = enriched(make_file(samples.video(width=96, height=64), media_types.MP4))

    assert file.poster is not None
    assert (file.poster.media_type, file.poster.width, file.poster.blur) == (
        "image/jpeg",
        96,
        file.blur,
    )
    assert media_store.exists(file.poster.name)


def test_a_poster_needs_no_enrichment(make_file: MakeFile) -> None:
    make_file(samples.video(), media_types.MP4)

    assert enrichment.enrich_due(seconds=30) == 1


def test_every_waiting_file_is_enriched_once(make_file: MakeFile) -> None:
    for seed in range(5):
        make_file(samples.jpeg(seed=seed))

    assert [enrichment.enrich_due(seconds=30), enrichment.enrich_due(seconds=30)] == [5, 0]


def test_images_share_a_claim_and_a_commit(
    make_file: MakeFile, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for seed in range(5):
        make_file(samples.jpeg(seed=seed))

    # A claim in a savepoint (4), the facts (1), and a claim that finds nothing (3).
    with django_assert_num_queries(8):
        assert enrichment.enrich_due(seconds=30) == 5


def test_videos_share_a_claim_and_a_commit_with_images(
    make_file: MakeFile, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for seed in range(3):
        make_file(samples.jpeg(seed=seed))
        make_file(samples.video(width=64 + 16 * seed), media_types.MP4)

    # A claim (4), images (1), videos and posters in a savepoint (7), and an empty claim (3).
    with django_assert_num_queries(15):
        assert enrichment.enrich_due(seconds=30) == 6

    videos = StoredFile.objects.filter(media_type="video/mp4")
    assert len({video.poster_id for video in videos} - {None}) == 3


def test_files_of_a_slow_group_are_given_back(
    make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(3):
        make_file(samples.jpeg(seed=seed))
    monkeypatch.setattr(enrichment, "MAX_GROUP_SECONDS", 0)

    assert enrichment.enrich_due(seconds=30) == 3

    assert [*StoredFile.objects.values_list("enrichment_attempts", flat=True)] == [1, 1, 1]


def test_after_a_death_each_file_of_its_group_comes_alone(
    make_file: MakeFile, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    killed = timezone.now() - timedelta(minutes=6)
    for seed in range(3):
        make_file(samples.jpeg(seed=seed), enrichment_attempts=1, enrichment_lease_until=killed)

    with django_assert_num_queries(3 * 5 + 3):
        assert enrichment.enrich_due(seconds=30) == 3

    assert {*StoredFile.objects.values_list("enrichment_attempts", flat=True)} == {2}


def test_a_failure_of_the_disk_releases_the_files_behind_it(
    make_file: MakeFile, media_store: Store
) -> None:
    first, second, third = (make_file(samples.jpeg(seed=seed)) for seed in range(3))
    path = media_store.root / second.name
    path.unlink()
    path.mkdir()  # opening a folder fails with an error of the disk

    with pytest.raises(IsADirectoryError):
        enrichment.enrich_due(seconds=30)

    facts = StoredFile.objects.order_by("pk").values_list("width", "enrichment_attempts")
    assert [*facts] == [(64, 1), (None, 0), (None, 0)]
    assert [*StoredFile.objects.awaiting_enrichment(timezone.now())] == [third]
    assert first.pk < second.pk < third.pk


def test_without_time_nothing_is_enriched(make_file: MakeFile) -> None:
    make_file(samples.jpeg())

    assert enrichment.enrich_due(seconds=0) == 0


def test_a_leased_file_is_left_alone(make_file: MakeFile) -> None:
    make_file(samples.jpeg(), enrichment_lease_until=timezone.now() + timedelta(minutes=1))

    assert enrichment.enrich_due(seconds=30) == 0


UNREADABLE = b"\xff\xd8\xff\xd9"


def test_unreadable_bytes_stay_stored_and_say_why(
    make_file: MakeFile, make_asset: MakeAsset, media_store: Store
) -> None:
    file = make_file(UNREADABLE)
    asset = make_asset(state="stored", file=file, stored_at=timezone.now())

    file = enriched(file)

    asset.refresh_from_db()
    assert (asset.state, asset.file, media_store.exists(file.name)) == ("stored", file, True)
    assert (file.width, file.problem != "", file.rejected_at) == (None, True, None)
    assert not Quarantined.objects.exists()


def test_other_decoders_examine_unread_files_again(make_file: MakeFile) -> None:
    unread, read = enriched(make_file(UNREADABLE)), enriched(make_file(samples.jpeg()))
    assert enrichment.reexamine() == 0
    StoredFile.objects.update(examined_by="1; Pillow 1.0")

    assert enrichment.reexamine() == 1
    due = StoredFile.objects.awaiting_enrichment(timezone.now())
    assert [*due] == [unread]
    assert read not in due


def test_bytes_that_changed_since_are_damaged_and_not_rejected(
    make_file: MakeFile, media_store: Store
) -> None:
    file = make_file(samples.jpeg())
    (media_store.root / file.name).write_bytes(samples.jpeg()[:-300])

    enriched(file)

    file.refresh_from_db()
    assert (file.rejected_at, FixityEvent.objects.get().kind) == (None, "damaged")


def test_one_bad_file_stops_no_other(make_file: MakeFile) -> None:
    make_file(b"\xff\xd8\xffnothing")
    good = make_file(samples.jpeg())

    assert enriched(good).width == 64


def test_missing_bytes_are_wanted_again(make_file: MakeFile, media_store: Store) -> None:
    file = make_file(samples.jpeg())
    asset = Asset.objects.create(
        owner_kind="post", owner_id="1", role="image", source_name="a", state="stored", file=file
    )
    media_store.delete(file.name)

    enrichment.enrich([file])

    asset.refresh_from_db()
    assert (asset.state, asset.file) == ("wanted", None)
    assert FixityEvent.objects.get().kind == "lost"


def test_bytes_that_kill_their_process_are_given_up(make_file: MakeFile) -> None:
    killed = timezone.now() - timedelta(minutes=6)
    file = make_file(
        samples.jpeg(), enrichment_attempts=enrichment.MAX_ATTEMPTS, enrichment_lease_until=killed
    )

    file = enriched(file)

    assert "crashed in 3 attempts" in file.problem
    assert file.enriched_at is not None


PEAK = """
import resource, sys, pathlib
from storage.formats import probe
with pathlib.Path(sys.argv[1]).open("rb") as file:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    facts = probe.examine(file, "video/mp4")
assert facts.width == 64, facts
sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
"""


def test_a_huge_video_is_probed_in_little_memory(media_store: Store, settings: Settings) -> None:
    with media_store.temporary_path() as path:
        with path.open("wb") as file:
            file.write(samples.video())
            file.write((2**30).to_bytes(4, "big") + b"free")
            file.truncate(file.tell() + 2**30 - 8)  # a hole: no disk is used
        peak = subprocess.run(  # noqa: S603  our own code
            [sys.executable, "-c", PEAK, str(path)],
            cwd=settings.BASE_DIR, env={**os.environ}, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip

    assert int(peak) < 40_000  # KiB


def test_an_unmounted_folder_uses_up_no_attempt(make_file: MakeFile, media_store: Store) -> None:
    files = [make_file(samples.jpeg(seed=seed)) for seed in range(20)]
    media_store.root.rename(media_store.root.with_name("unmounted"))
    for _ in range(enrichment.MAX_ATTEMPTS + 1):
        with pytest.raises(StoreMissing):
            enrichment.enrich_due(seconds=30)
        StoredFile.objects.update(enrichment_lease_until=None)
    media_store.root.with_name("unmounted").rename(media_store.root)

    done = enrichment.enrich_due(seconds=30)

    assert (done, StoredFile.objects.servable().count()) == (20, len(files))
    assert not FixityEvent.objects.exists()


def test_a_video_that_is_erased_while_it_is_decoded_leaves_no_poster(
    make_file: MakeFile, media_store: Store
) -> None:
    file = make_file(samples.video(), media_types.MP4)
    StoredFile.objects.all().delete()  # its bytes are open still

    enrichment.enrich([file])

    assert not StoredFile.objects.exists()
    assert [entry.name for entry in media_store.entries()] == [file.name]
