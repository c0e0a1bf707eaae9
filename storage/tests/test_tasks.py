"""The Celery tasks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from celery import current_app
from django.utils import timezone
from pytest_django import Settings

from storage import store, tasks
from storage.formats import media_types
from storage.models import SUSPECT, Quarantined, StoredFile
from tests.support import samples

pytestmark = pytest.mark.django_db


def add_file(**fields: object) -> StoredFile:
    row = {"sha256": "a" * 64, "size": 1, "media_type": "image/jpeg", "extension": "jpg", **fields}
    return StoredFile.objects.create(**row)


@pytest.mark.usefixtures("media_folder")
def test_the_task_enriches_due_files() -> None:
    content = store.save(samples.jpeg(), media_types.JPEG)
    file = add_file(sha256=content.sha256)

    tasks.enrich()

    file.refresh_from_db()
    assert file.enriched_at is not None


@pytest.mark.usefixtures("media_folder")
def test_the_task_verifies_due_files() -> None:
    file = add_file(verified_at=SUSPECT)

    tasks.verify_due()

    file.refresh_from_db()
    assert file.lost_at is not None


@pytest.mark.usefixtures("media_folder")
def test_the_task_prunes_the_quarantine() -> None:
    Quarantined.objects.create(reason="not_media", sha256="b" * 64, size=1, found_at=SUSPECT)

    tasks.prune_quarantine()

    assert not Quarantined.objects.exists()


def test_the_task_sweeps_partial_downloads_without_any_download(media_folder: Path) -> None:
    part = media_folder / "tmp" / "part-1-ab"
    part.parent.mkdir(parents=True)
    part.touch()
    os.utime(part, (0, 0))

    tasks.prune_quarantine()

    assert not part.exists()


@pytest.mark.usefixtures("media_folder")
def test_the_task_counts_orphans_and_deletes_none(caplog: pytest.LogCaptureFixture) -> None:
    add_file(stored_at=SUSPECT)

    tasks.find_orphans()

    assert "storage.orphans" in caplog.text
    assert StoredFile.objects.exists()


@pytest.mark.parametrize(
    "name",
    [
        "storage.enrich",
        "storage.sweep_enrichment",
        "storage.verify_due",
        "storage.prune_quarantine",
        "storage.find_orphans",
    ],
)
def test_tasks_are_registered_under_their_names(name: str) -> None:
    assert name in current_app.tasks


def test_enriched_files_are_not_due() -> None:
    add_file(enriched_at=timezone.now())

    assert not StoredFile.objects.awaiting_enrichment(timezone.now()).exists()


@pytest.mark.slow
def test_a_worker_that_never_enriches_loads_neither_decoder_nor_page(settings: Settings) -> None:
    code = (
        "import os, sys, django; django.setup(); import storage.tasks, storage.download.batch;"
        "sys.exit(any(name in sys.modules for name in ('av', 'PIL', 'storage.admin')))"
    )

    done = subprocess.run(  # noqa: S603  our own code
        [sys.executable, "-c", code], cwd=settings.BASE_DIR, check=False
    )

    assert done.returncode == 0
