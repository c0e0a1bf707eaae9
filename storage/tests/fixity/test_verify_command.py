"""`manage.py verify`, from its options to its exit status."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.users.models import Account
from storage import store
from storage.actions import accept_losses
from storage.fixity import orphans
from storage.formats import media_types
from storage.models import SUSPECT, FixityEvent, StoredFile
from storage.store import Store
from storage.tests.conftest import MakeAsset, MakeFile
from tests.support import samples

pytestmark = pytest.mark.django_db

LONG_AGO = timezone.now() - timedelta(days=9)


def verify(*options: str) -> tuple[int, str]:
    """The exit status, and what was printed."""
    printed = io.StringIO()
    try:
        call_command("verify", *options, stdout=printed, stderr=io.StringIO())
    except SystemExit as ended:
        return int(str(ended.code)), printed.getvalue()
    return 0, printed.getvalue()


def report(*options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(verify(*options, "--json")[1])
    return found


@pytest.fixture
def file(make_file: MakeFile, make_asset: MakeAsset) -> StoredFile:
    """A stored file that an asset has."""
    file = make_file(samples.jpeg(), verified_at=LONG_AGO)
    make_asset(state="stored", file=file)
    return file


def test_a_whole_archive_ends_with_0(file: StoredFile) -> None:
    status, printed = verify()

    assert (status, "Everything is whole." in printed) == (0, True)


def test_an_empty_archive_is_whole(media_store: Store) -> None:
    assert verify()[0] == 0


def test_damage_is_named_and_ends_with_1(file: StoredFile, media_store: Store) -> None:
    (media_store.root / file.name).write_bytes(b"x")

    status, printed = verify()

    assert (status, "1 damaged:" in printed, file.name in printed) == (1, True, True)


def test_without_repair_nothing_is_changed_but_the_workers_look_first(
    file: StoredFile, media_store: Store
) -> None:
    (media_store.root / file.name).write_bytes(b"x")

    verify()

    file.refresh_from_db()
    assert (file.verified_at, file.lost_at) == (SUSPECT, None)
    assert (media_store.root / file.name).read_bytes() == b"x"
    assert not FixityEvent.objects.exists()


def test_repair_records_the_damage_and_queues_the_file(
    file: StoredFile, media_store: Store
) -> None:
    media_store.delete(file.name)

    found = report("--repair")

    assert (found["lost"], found["repaired"], found["unrepaired"]) == ([file.name], [], [file.name])
    assert file.assets.count() == 0


def test_repair_includes_earlier_findings(file: StoredFile, media_store: Store) -> None:
    media_store.delete(file.name)
    verify("--repair")
    store.save(samples.jpeg(), media_types.JPEG)

    found = report("--repair")
    after = verify()

    assert (found["repaired"], found["unrepaired"]) == ([file.name], [])
    assert after[0] == 0


def test_an_accepted_loss_is_no_longer_a_finding(file: StoredFile, media_store: Store) -> None:
    media_store.delete(file.name)
    before = verify("--repair")
    by = Account.objects.create_superuser("root@example.org", "battery staple")
    accept_losses(FixityEvent.objects.all(), by=by)

    after = verify("--repair")

    assert (before[0], after[0]) == (1, 0)


def test_a_sample_takes_the_oldest_checks(make_file: MakeFile) -> None:
    old = make_file(samples.jpeg(seed=1), verified_at=LONG_AGO)
    young = make_file(samples.jpeg(seed=2), verified_at=LONG_AGO + timedelta(days=1))

    found = report("--sample", "1")

    old.refresh_from_db()
    assert (found["checked"], found["bytes"]) == (1, old.size)
    assert old.verified_at > young.verified_at


def test_a_second_sample_continues_with_the_rest(make_file: MakeFile) -> None:
    for seed in range(4):
        make_file(samples.jpeg(seed=seed), verified_at=LONG_AGO)

    verify("--sample", "2")
    verify("--sample", "2")

    assert not StoredFile.objects.filter(verified_at=LONG_AGO).exists()


@pytest.fixture
def unmounted(make_file: MakeFile, media_store: Store) -> None:
    """Rows of 30 files, and none of their bytes."""
    for seed in range(30):
        make_file(samples.jpeg(seed=seed))
    media_store.root.rename(media_store.root.with_name("unmounted"))


@pytest.mark.usefixtures("unmounted")
def test_repair_marks_nothing_as_lost_if_the_folder_seems_missing() -> None:
    with pytest.raises(CommandError, match="30 of 30 sampled files are missing") as ended:
        call_command("verify", "--repair", stderr=io.StringIO())

    assert ended.value.returncode == 1
    assert StoredFile.objects.servable().count() == 30


@pytest.mark.usefixtures("unmounted")
def test_with_mounted_missing_files_are_marked_as_lost() -> None:
    found = report("--repair", "--mounted")

    assert (len(found["lost"]), StoredFile.objects.servable().count()) == (30, 0)


def test_only_a_repair_asks_whether_the_folder_is_mounted(db: None) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("verify", "--mounted")

    assert refused.value.returncode == 2


def test_orphans_are_named_and_stay(file: StoredFile, media_store: Store) -> None:
    stray = store.save(samples.jpeg(seed=5), media_types.JPEG).name

    with time_machine.travel(timezone.now() + 2 * orphans.GRACE_PERIOD):
        status, printed = verify()

    assert (status, stray in printed, media_store.exists(stray)) == (1, True, True)


def test_orphans_are_deleted_on_demand(
    file: StoredFile, make_file: MakeFile, media_store: Store
) -> None:
    stray = store.save(samples.jpeg(seed=5), media_types.JPEG).name
    idle = make_file(samples.jpeg(seed=6))

    with time_machine.travel(timezone.now() + 2 * orphans.GRACE_PERIOD):
        found = report("--delete-orphans")

    assert (found["orphan_files"], found["orphan_rows"], found["deleted"]) == (
        [stray],
        [idle.name],
        2,
    )
    assert [media_store.exists(name) for name in (stray, idle.name, file.name)] == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    "options", [("--sample", "0"), ("--sample", "x"), ("--sample", "1", "--all"), ("--sample=-1",)]
)
def test_bad_usage_is_refused(db: None, options: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        call_command("verify", *options)


def test_a_sample_does_not_look_for_orphans(db: None) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("verify", "--sample", "1", "--delete-orphans")

    assert refused.value.returncode == 2


def test_many_names_are_cut_in_the_text_and_not_in_the_json(
    make_file: MakeFile, media_store: Store
) -> None:
    for seed in range(25):
        media_store.delete(make_file(samples.jpeg(seed=seed)).name)

    printed, found = verify()[1], report()

    assert "and 5 more" in printed
    assert len(found["lost"]) == 25


@pytest.mark.usefixtures("file")
def test_the_report_says_how_much_was_read() -> None:
    assert f"1 files of {len(samples.jpeg()) / 1e6:.1f} MB verified" in verify()[1]


def test_a_file_that_cannot_be_opened_for_another_reason_is_an_error(
    file: StoredFile, media_store: Store
) -> None:
    (media_store.root / file.name).unlink()
    (media_store.root / file.name).mkdir()

    with pytest.raises(IsADirectoryError):
        call_command("verify")
