"""Whole runs against the simulator, with their stored rows and their ends."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from api_logs.models import APIRequestLog
from instagram import actions
from instagram.archiving import pipeline, progress, runs
from instagram.models import ArchiveRun, Post, Story, User
from lab.simulator.client import SimulatorControl
from settings.models import CoreAPISetting
from storage.download import batch
from storage.models import Asset, StoredFile
from tests.support.running import archive, ends

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])


def truth(provider: SimulatorControl, username: str) -> dict[str, Any]:
    """The simulator's data of a profile."""
    return provider.truth()[username]


@pytest.mark.slow
def test_a_profile_is_stored_whole(provider: SimulatorControl) -> None:
    run = archive("plain.case")

    facts = truth(provider, "plain.case")
    assert run.state == "succeeded"
    assert {*Post.objects.values_list("pk", flat=True)} == {post["id"] for post in facts["posts"]}


@pytest.mark.slow
def test_every_file_of_a_profile_is_stored_with_its_true_bytes(provider: SimulatorControl) -> None:
    archive("plain.case")

    batch.download_batch(1000)

    wanted = {file["sha256"] for file in provider.files()["plain.case"]}
    assert {*StoredFile.objects.values_list("sha256", flat=True)} == wanted
    assert not Asset.objects.exclude(state="stored").exists()


@pytest.mark.slow
def test_a_second_run_of_an_unchanged_profile_writes_nothing_but_itself(
    provider: SimulatorControl,
) -> None:
    archive("plain.case")
    batch.download_batch(1000)
    before = [*User.objects.values(), *Post.objects.values(), *Asset.objects.values()]
    history = User.history.count() + Post.history.count()

    run = archive("plain.case")

    assert {(stream.new, stream.changed) for stream in run.streams.all()} == {(0, 0)}
    assert [*User.objects.values(), *Post.objects.values(), *Asset.objects.values()] == before
    assert User.history.count() + Post.history.count() == history


@pytest.mark.slow
def test_stories_are_stored_with_their_owner(provider: SimulatorControl) -> None:
    archive("story.hours", "stories")

    live = {story["id"] for story in truth(provider, "story.hours")["stories"]}
    assert {*Story.objects.values_list("pk", flat=True)} <= live
    assert Story.objects.exists()


@pytest.mark.slow
def test_paging_goes_to_the_end(provider: SimulatorControl) -> None:
    run = archive("empty.page", "posts")

    stream = run.streams.get(name="posts")
    assert (stream.state, Post.objects.count()) == ("succeeded", 120)
    assert stream.pages > 3  # 3 pages of 50, and the empty one between them


@pytest.mark.slow
def test_a_cursor_that_repeats_ends_the_stream_with_everything_seen_kept(
    provider: SimulatorControl,
) -> None:
    run = archive("repeating.cursor")

    assert ends(run)["posts"] == ("failed", "UnexpectedPayload")
    assert Post.objects.count() > 0


@pytest.mark.slow
def test_one_unknown_item_stops_no_other(provider: SimulatorControl) -> None:
    run = archive("unknown.item")

    stream = run.streams.get(name="posts")
    assert (stream.rejected, stream.error_code) == (1, "ItemsUnreadable")
    assert Post.objects.count() == len(truth(provider, "unknown.item")["posts"])


@pytest.mark.slow
def test_a_private_profile_keeps_its_profile_and_skips_the_rest(provider: SimulatorControl) -> None:
    run = archive("private.case")

    assert ends(run) == {
        "profile": ("succeeded", ""),
        "stories": ("skipped", "PrivateProfile"),
        "posts": ("skipped", "PrivateProfile"),
        "reels": ("skipped", "PrivateProfile"),
        "highlights": ("skipped", "PrivateProfile"),
    }
    assert run.user.availability == "private"


@pytest.mark.slow
def test_an_unknown_profile_fails_and_is_one_vote_for_missing(provider: SimulatorControl) -> None:
    run = archive("unknown.name")

    assert run.state == "failed"
    assert {code for _, code in ends(run).values()} == {"NoSuchProfile"}
    assert run.user.availability == "missing"


@pytest.mark.slow
def test_a_stream_without_the_profile_is_no_proof(provider: SimulatorControl) -> None:
    archive("story.hours", "profile")
    provider.add_fault("form", form="user_null", path="fetch_user_stories")

    run = archive("story.hours")

    assert run.user.availability == "live"
    ended = ends(run)
    assert ended.pop("stories") == ("failed", "NoSuchProfile")
    assert {*ended.values()} == {("succeeded", "")}


def test_stories_are_archived_above_the_soft_cap(provider: SimulatorControl) -> None:
    archive("story.hours", "profile")
    CoreAPISetting(soft_cap=Decimal("0.0001"), hard_cap=Decimal(10)).save()

    run = archive("story.hours")

    assert (run.state, run.waits_for) == ("running", "BudgetExhausted")
    assert [name for name, end in ends(run).items() if end[0] == "succeeded"] == ["stories"]
    assert Story.objects.exists()


def test_an_empty_profile_is_a_success(provider: SimulatorControl) -> None:
    run = archive("empty.case")

    assert (run.state, Post.objects.count()) == ("succeeded", 0)


def test_an_id_above_53_bits_survives(provider: SimulatorControl) -> None:
    run = archive("big.number.case")

    assert run.user.instagram_id == truth(provider, "big.number.case")["id"]


@pytest.mark.slow
def test_a_shared_post_is_one_post_of_two_profiles(provider: SimulatorControl) -> None:
    first, second = archive("two.authors.a"), archive("two.authors.b")

    both = Post.objects.of(first.user) & Post.objects.of(second.user)
    assert both.count() == 1
    assert Post.objects.of(second.user).count() == 6


def test_a_rename_is_seen_by_the_id(provider: SimulatorControl) -> None:
    archive("plain.case", "profile")
    provider.edit("rename", username="plain.case", new_username="fancy.case")

    run = archive("plain.case", "profile")

    assert (run.state, run.user.username) == ("succeeded", "fancy.case")


def test_the_new_name_of_a_known_account_leads_to_the_same_profile(
    provider: SimulatorControl,
) -> None:
    known = archive("plain.case", "profile").user
    provider.edit("rename", username="plain.case", new_username="fancy.case")

    run = archive("fancy.case", "profile")

    assert run.user == known
    assert User.objects.filter(username="fancy.case").count() == 1


@pytest.mark.slow
def test_an_edited_caption_is_found_by_the_next_run(provider: SimulatorControl) -> None:
    archive("plain.case")
    post = truth(provider, "plain.case")["posts"][3]
    provider.edit("change_post", id=post["id"], changes={"caption": "Second thoughts"})

    run = archive("plain.case")

    assert run.streams.get(name="posts").changed == 1
    assert Post.objects.get(pk=post["id"]).caption == "Second thoughts"


@pytest.mark.slow
def test_an_outage_pauses_the_run_and_keeps_its_place(provider: SimulatorControl) -> None:
    provider.add_fault("form", form="bad_gateway", path="fetch_user_posts", skip=1)
    run = archive("empty.page", "posts")
    assert (run.state, run.streams.get(name="posts").pages) == ("running", 1)

    provider.clear_faults()
    ArchiveRun.objects.update(next_attempt_at=timezone.now())
    resumed = runs.claim(run.pk, now=timezone.now())
    assert resumed is not None
    pipeline.archive(resumed)

    assert ArchiveRun.objects.get().state == "succeeded"
    assert Post.objects.count() == 120


@pytest.mark.parametrize(
    ("form", "code"),
    [("invalid_token", "Unauthorized"), ("no_balance", "NoCredit")],
)
def test_a_refused_token_stops_all_calls(provider: SimulatorControl, form: str, code: str) -> None:
    provider.add_fault("form", form=form)

    run = archive("plain.case")

    assert set(ends(run).values()) == {("failed", code)}
    assert APIRequestLog.objects.count() == 1


@pytest.mark.slow
def test_a_failing_stream_stops_no_other(provider: SimulatorControl) -> None:
    provider.add_fault("form", form="upstream_failed", path="fetch_user_posts")

    run = archive("plain.case")

    assert ends(run) == {
        "profile": ("succeeded", ""),
        "stories": ("succeeded", ""),
        "posts": ("failed", "NotAvailable"),
        "reels": ("succeeded", ""),
        "highlights": ("succeeded", ""),
    }


def test_a_run_that_kills_its_workers_ends_without_another_call(
    provider: SimulatorControl,
) -> None:
    added = actions.add_profile(name="plain.case", by=None)
    ArchiveRun.objects.update(attempts=runs.MAX_ATTEMPTS, leased_until=timezone.now())
    run = runs.claim(added.run.pk, now=timezone.now())
    assert run is not None

    pipeline.archive(run)

    assert ArchiveRun.objects.get().state == "failed"
    assert provider.stats()["core_api"]["calls"] == 0


def test_a_worker_that_lost_its_lease_counts_no_miss(
    provider: SimulatorControl,
) -> None:
    run = runs.claim(actions.add_profile(name="unknown.name", by=None).run.pk, now=timezone.now())
    assert run is not None
    runs.claim(run.pk, now=timezone.now() + timedelta(seconds=60))

    with pytest.raises(runs.LostLease):
        pipeline.archive(run)

    assert User.objects.get().availability != "missing"


def test_without_a_configuration_the_run_fails_with_the_reason(
    provider: SimulatorControl, settings: Any
) -> None:
    settings.CORE_API_TOKEN = ""

    run = archive("plain.case")

    assert {code for _, code in ends(run).values()} == {"NotConfigured"}
    assert provider.stats()["core_api"]["calls"] == 0


@pytest.mark.usefixtures("provider")
def test_a_log_line_about_a_stream_names_the_run(settings: Settings) -> None:
    settings.CORE_API_TOKEN = ""

    with capture_logs([merge_contextvars]) as lines:
        run = archive("plain.case", "posts")

    assert {line["run"] for line in lines if line["event"] == "stream.failed"} == {str(run.pk)}


def test_a_log_line_about_a_pause_names_the_run(provider: SimulatorControl) -> None:
    provider.add_fault("form", form="bad_gateway")

    with capture_logs([merge_contextvars]) as lines:
        run = archive("plain.case", "profile")

    assert [line["run"] for line in lines if line["event"] == "run.paused"] == [str(run.pk)]


@pytest.mark.slow
def test_a_run_knows_its_calls_and_files(provider: SimulatorControl) -> None:
    run = archive("plain.case")

    counted = progress.of_run(run)

    assert counted.calls == provider.stats()["core_api"]["calls"]
    assert counted.files_wanted == len(provider.files()["plain.case"])
