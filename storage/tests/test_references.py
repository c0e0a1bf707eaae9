"""Sweeps and removals spare files that another app keeps. That app is the toy feature."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from storage import references
from storage.fixity import orphans, removal
from storage.formats import media_types
from storage.models import StoredFile
from storage.store import Store
from storage.tests.conftest import MakeFile, beside
from tests.support import samples
from tests.support.toy_feature.models import Note
from tests.support.waiting import lock_is_awaited, wait_until

pytestmark = pytest.mark.django_db

LONG_AGO = timezone.now() - timedelta(days=1)


@pytest.fixture
def file(make_file: MakeFile) -> StoredFile:
    """A file that nothing in the archive refers to."""
    return make_file(samples.jpeg(), stored_at=LONG_AGO)


def test_the_sweep_does_not_find_a_kept_file(file: StoredFile, make_file: MakeFile) -> None:
    idle = make_file(samples.jpeg(seed=2), stored_at=LONG_AGO)
    Note.objects.create(file=file)

    assert orphans.rows(timezone.now()) == [idle]


def test_a_kept_file_is_not_removed(file: StoredFile, media_store: Store) -> None:
    Note.objects.create(file=file)

    assert not orphans.delete_row(file, timezone.now())
    assert media_store.exists(file.name)


def test_a_file_that_is_no_longer_kept_is_removed(file: StoredFile, media_store: Store) -> None:
    Note.objects.create(file=file).delete()

    assert orphans.delete_row(file, timezone.now())
    assert not media_store.exists(file.name)


def test_the_poster_of_a_kept_video_stays(file: StoredFile, make_file: MakeFile) -> None:
    video = make_file(samples.video(), media_types.MP4, poster=file, stored_at=LONG_AGO)
    Note.objects.create(file=video)

    removal.discard([video.sha256, file.sha256])

    assert {*StoredFile.objects.all()} == {video, file}


@pytest.mark.django_db(transaction=True)
def test_a_file_that_is_kept_at_the_same_time_stays(file: StoredFile, media_store: Store) -> None:
    with transaction.atomic():
        [held] = references.hold([file.pk])
        Note.objects.create(file=held)
        other = beside(lambda: removal.discard([file.sha256]))
        wait_until(lock_is_awaited)
    other.join()

    assert media_store.exists(file.name)


def test_a_file_that_was_removed_cannot_be_held(file: StoredFile) -> None:
    removal.discard([file.sha256])

    with transaction.atomic():
        assert references.hold([file.pk]) == []


def test_a_name_belongs_to_one_function() -> None:
    with pytest.raises(ValueError, match="toy is registered already"):
        references.register("toy", lambda ids: ids)
