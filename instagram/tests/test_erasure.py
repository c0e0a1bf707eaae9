"""An erasure removes rows, logs and bytes, and keeps those of other profiles."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import ForeignObject, QuerySet
from django.test.utils import CaptureQueriesContext

from api_logs.models import APIRequestLog
from core.users.models import Account
from instagram import erasure, traces
from instagram.archiving import persist
from instagram.models import (
    ArchiveRun,
    ChangeEvent,
    Highlight,
    LegalHold,
    Post,
    RunStream,
    Story,
    Tombstone,
    User,
)
from lab.builders import NOW, post, profile
from storage import store
from storage.fixity import verify
from storage.models import Asset, FixityEvent, StoredFile
from tests.support.erasables import (
    FORMER_NAME,
    HIGHLIGHT,
    ID,
    NAME,
    POST,
    STORY,
    add_profile,
    add_run,
    archived,
    bytes_stored,
    log_call,
    stored_file,
    tables_with,
)

# Most of them take more than half a second.
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("media_folder"),
    pytest.mark.slow,
]


def erase(user: User) -> Tombstone:
    return erasure.erase(user, by=None, reason="request 17")


def share_a_file(user: User) -> StoredFile:
    """Let another profile have the same bytes as a post of this one."""
    file = StoredFile.objects.filter(assets__owner_id=POST, poster=None).first()
    assert file is not None
    other = persist.posts(add_profile("90210999003", "paul.stays"), [post(5)], now=NOW)
    assert other.wanted
    Asset.objects.filter(owner_id="5").update(state=Asset.State.STORED, file=file)
    return file


def test_no_table_mentions_an_erased_profile() -> None:
    user = archived()
    marks = (ID, NAME, FORMER_NAME, POST, STORY, HIGHLIGHT)
    assert {"api_logs_apirequestlog", "instagram_historicalpost"} <= tables_with(*marks)

    tombstone = erase(user)

    assert tables_with(*marks) == {"instagram_tombstone"}  # the list of calls that may be out
    erasure.finish_all(now=tombstone.erased_at + timedelta(minutes=16))
    assert tables_with(*marks) == set()


def test_the_feed_gets_one_event_without_content() -> None:
    user = archived()

    erase(user)

    assert tables_with(str(user.pk)) == {"instagram_changeevent"}
    event = ChangeEvent.objects.get(object_id=str(user.pk))
    assert (event.kind, event.event, event.user, event.fields) == ("user", "erased", None, {})


def test_no_bytes_of_an_erased_profile_are_left() -> None:
    user = archived()
    assert len(bytes_stored()) == 9  # picture, 2 covers, 2 videos, 2 posters, story, highlight

    erase(user)

    assert bytes_stored() == []
    assert not StoredFile.objects.exists()


def test_a_file_that_another_profile_has_stays() -> None:
    user = archived()
    file = share_a_file(user)

    proof = erase(user).proof

    assert StoredFile.objects.get() == file
    assert store.default().exists(file.name)
    assert (proof["files"]["shared"], proof["files"]["deleted"]) == (1, 8)


def test_a_file_whose_loss_was_accepted_leaves_no_trace() -> None:
    user = archived()
    file = StoredFile.objects.filter(assets__owner_kind="story").earliest("pk")
    store.default().delete(file.name)
    verify.mark_lost(verify.FileCheck(file), NOW)
    FixityEvent.objects.get().close(FixityEvent.Repair.ACCEPTED, NOW)

    erase(user)

    assert not FixityEvent.objects.exists()
    assert not StoredFile.objects.filter(sha256=file.sha256).exists()


def test_a_poster_stays_with_the_other_video_that_shows_it() -> None:
    user = archived()
    poster = StoredFile.objects.exclude(poster=None)[0].poster
    other = stored_file("a video of another profile")
    StoredFile.objects.filter(pk=other.pk).update(poster=poster)

    erase(user)

    assert {*StoredFile.objects.all()} == {other, poster}


def test_a_post_of_another_profile_is_kept_without_the_link() -> None:
    user, other = archived(), add_profile("90210999003", "paul.stays")
    theirs = Post.objects.create(pk="5", user=other, variant="normal", post_created_at=NOW)
    theirs.coauthors.add(user)

    erase(user)

    assert Post.objects.get() == theirs
    assert not theirs.coauthors.exists()


def test_a_highlight_of_another_profile_is_kept_without_the_story() -> None:
    user, other = archived(), add_profile("90210999003", "paul.stays")
    theirs = Highlight.objects.create(pk="5", user=other)
    theirs.items.create(story_id=STORY, position=0)

    erase(user)

    assert Highlight.objects.get() == theirs
    assert not theirs.items.exists()


def test_the_admin_log_of_an_erased_profile_is_deleted(account: Account) -> None:
    user = archived()
    for rows in (User.objects.filter(pk=user.pk), user.posts, user.stories, user.highlights):
        log_change(account, rows.all())
    log_change(account, user.runs.all())
    assert LogEntry.objects.count() == 6

    tombstone = erase(user)

    assert not LogEntry.objects.exists()
    assert tombstone.proof["removed"]["admin_log"] == 6


def test_the_log_of_the_admin_forgets_the_row_that_was_only_its_name(account: Account) -> None:
    user, other = archived(), add_profile("90210999003", "paul.stays")
    placeholder = User.objects.create(username=FORMER_NAME)
    log_change(account, User.objects.filter(pk__in=[placeholder.pk, other.pk]))
    placeholder.delete()

    erase(user)

    assert LogEntry.objects.get().object_id == str(other.pk)


def test_the_admin_log_of_another_profile_of_the_same_name_is_kept(
    account: Account,
) -> None:
    user, other = archived(), add_profile("90210999003", FORMER_NAME)
    log_change(account, User.objects.filter(pk=other.pk))
    persist.profile(other, profile("90210999003", "paul.stays"), now=NOW)

    erase(user)

    assert LogEntry.objects.get().object_repr == FORMER_NAME


def log_change(account: Account, rows: QuerySet[Any]) -> None:
    """The admin log entries after a change of each row."""
    for row in rows:
        LogEntry.objects.log_actions(account.pk, [row], CHANGE)


def test_calls_about_others_stay_on_record() -> None:
    user = archived()
    nameless = log_call(target="", batch="")
    passed_on = log_call(target=FORMER_NAME, batch="")
    add_profile("90210999003", FORMER_NAME)

    erase(user)

    assert {*APIRequestLog.objects.all()} == {nameless, passed_on}


def test_the_proof_counts_removed_rows_without_names(account: Account) -> None:
    user = archived()
    digests = sorted(StoredFile.objects.values_list("sha256", flat=True))

    tombstone = erasure.erase(user, by=account, reason="request 17")

    removed, files = tombstone.proof["removed"], tombstone.proof["files"]
    assert (removed["profiles"], removed["posts"], removed["stories"]) == (1, 2, 1)
    assert (files["deleted"], files["shared"]) == (9, 0)
    assert files["digest"] == hashlib.sha256("\n".join(digests).encode()).hexdigest()
    assert (tombstone.erased_by, tombstone.reason) == (account, "request 17")
    assert NAME not in json.dumps(tombstone.proof)


def test_a_profile_that_is_only_a_name_can_be_erased() -> None:
    tombstone = erase(User.objects.create(username=NAME))

    assert tombstone.id_digest is None
    assert [*Tombstone.objects.of_name(NAME)] == [tombstone]


def test_an_erased_profile_cannot_be_erased_again() -> None:
    user = archived()
    erase(user)

    with pytest.raises(User.DoesNotExist):
        erase(user)

    assert Tombstone.objects.count() == 1


def test_a_legal_hold_wins() -> None:
    user = archived()
    run = ArchiveRun.objects.get()
    erasure.place_hold(user, by=None, reason="court order")

    with pytest.raises(erasure.UnderLegalHold):
        erase(user)

    assert Post.objects.count() == 2
    assert ArchiveRun.objects.get().lease == run.lease


def test_a_released_hold_does_not_prevent_an_erasure() -> None:
    user = archived()
    hold = erasure.place_hold(user, by=None, reason="court order")
    released = erasure.release_hold(user, by=None)

    proof = erase(user).proof

    assert proof["holds"] == [[str(hold.placed_at), str(released.released_at)]]
    assert not LegalHold.objects.exists()


def test_a_profile_is_held_once_at_a_time_and_every_hold_stays_on_record() -> None:
    user = add_profile()
    erasure.place_hold(user, by=None, reason="first")
    with pytest.raises(erasure.AlreadyHeld):
        erasure.place_hold(user, by=None, reason="second")
    erasure.release_hold(user, by=None)
    with pytest.raises(erasure.NotHeld):
        erasure.release_hold(user, by=None)

    erasure.place_hold(user, by=None, reason="third")

    assert [*LegalHold.objects.order_by("pk").values_list("reason", flat=True)] == [
        "first",
        "third",
    ]


def test_bytes_that_could_not_be_deleted_are_deleted_later() -> None:
    user = archived()
    file = StoredFile.objects.first()
    assert file is not None
    path = Path(store.default().root / file.name)
    path.unlink()
    path.mkdir()  # no file, so deleting it fails
    tombstone = erase(user)
    assert tombstone.leftovers
    assert tables_with(ID, NAME, POST) <= {"instagram_tombstone"}
    path.rmdir()
    path.write_bytes(b"the bytes again")

    erasure.finish_all(now=tombstone.erased_at)

    assert bytes_stored() == []
    assert Tombstone.objects.get().proof["files"]["deleted"] == 9


def test_one_erasure_that_cannot_be_finished_stops_no_other() -> None:
    stuck = Tombstone.objects.create(reason="1", leftovers=leftovers_of(stored_file("stuck")))
    Tombstone.objects.create(reason="2", leftovers=leftovers_of(file := stored_file("next")))
    path = store.default().root / StoredFile.objects.exclude(pk=file.pk).get().name
    path.unlink()
    path.mkdir()

    erasure.finish_all(now=stuck.erased_at + timedelta(hours=1))

    assert [*Tombstone.objects.unfinished()] == [stuck]
    assert not store.default().exists(file.name)


def leftovers_of(file: StoredFile) -> dict[str, object]:
    return {"files": {file.sha256: file.size}, "quarantined": [], "batches": [], "targets": []}


def test_partial_downloads_are_deleted(media_folder: Path) -> None:
    user = archived()
    part = media_folder / "tmp" / f"part-{Asset.objects.earliest('pk').pk}-ab"
    part.touch()

    tombstone = erase(user)
    at_once = part.exists()
    part.touch()  # by a worker that held it meanwhile
    erasure.finish_all(now=tombstone.erased_at + timedelta(minutes=1))

    assert (at_once, part.exists()) == (False, False)


def test_a_call_that_is_logged_after_the_erasure_is_removed() -> None:
    user = archived()
    run = ArchiveRun.objects.get()
    tombstone = erase(user)
    for target, batch in ((ID, str(run.pk)), (NAME, "renewal")):
        log_call(target=target, batch=batch)

    erasure.finish_all(now=tombstone.erased_at + timedelta(minutes=1))

    assert not APIRequestLog.objects.exists()
    assert Tombstone.objects.get().completed_at is None


def test_nothing_is_left_once_no_call_can_be_on_its_way() -> None:
    tombstone = erase(archived())
    later = tombstone.erased_at + timedelta(minutes=16)

    erasure.finish_all(now=later)

    tombstone.refresh_from_db()
    assert (tombstone.leftovers, tombstone.completed_at) == (None, later)
    assert tables_with(ID, NAME, POST) == set()


def test_the_survey_predicts_the_removed_rows() -> None:
    user = archived()

    counts = erasure.survey(user)

    assert counts.pop("files") == 9
    assert counts == erase(user).proof["removed"]


def statements_to_erase(posts: int) -> int:
    user = archived(posts)
    ContentType.objects.get_for_models(*OWN)  # kept for the life of the process
    with CaptureQueriesContext(connection) as captured:
        erase(user).delete()
    return len(captured)


@pytest.mark.slow
def test_a_large_profile_takes_no_more_statements_than_a_small_one() -> None:
    of_the_toy = 3  # its rows, its files, and whether it keeps some
    assert statements_to_erase(40) == statements_to_erase(2) <= 88 + of_the_toy


OWN = (User, Post, Story, Highlight, ArchiveRun, RunStream)


def test_every_table_that_refers_to_a_profile_is_emptied() -> None:
    user = add_profile()
    add_run(user)

    pointing = {
        model
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if isinstance(field, ForeignObject) and field.related_model in OWN
    }

    assert pointing <= {rows.model for _, rows in traces.rows(user)}
