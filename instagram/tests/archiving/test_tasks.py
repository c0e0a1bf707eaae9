"""Tasks claim due work, do it, and send the next messages."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from billiard.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.utils import timezone

from instagram import actions
from instagram.models import ArchiveRun
from instagram.tasks import (
    archive_run,
    download_assets,
    renew_urls,
    sweep_downloads,
    sweep_runs,
)
from lab.simulator.client import SimulatorControl
from storage.models import Asset
from tests.support.factories import PollFactory

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])


def requested() -> ArchiveRun:
    return actions.add_profile(name="story.hours", by=None).run


@pytest.mark.slow
@pytest.mark.usefixtures("provider")
def test_a_run_is_archived_and_its_downloads_are_nudged(sent: list[str]) -> None:
    run = requested()

    archive_run(str(run.pk))

    run.refresh_from_db()
    assert run.state == "succeeded"
    assert "instagram.download_assets" in sent


@pytest.mark.usefixtures("provider")
def test_a_message_from_the_queue_of_the_stories_leaves_the_backfill_to_others(
    run_queues: dict[str, str],
) -> None:
    run = requested()

    archive_run.apply(args=(str(run.pk),), routing_key="stories").get()

    pending = run.streams.filter(state="pending").values_list("name", flat=True)
    assert list(pending) == ["posts", "reels", "highlights"]
    assert run_queues == {str(run.pk): "archive"}
    assert ArchiveRun.objects.due(timezone.now()).get() == run


@contextmanager
def slice_that_ends_soon() -> Iterator[None]:
    """The soft time limit of the task, in the middle of its first call."""

    def end(*_: object) -> None:
        raise SoftTimeLimitExceeded

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_slice_that_is_over_goes_on_at_once_in_another_task(
    provider: SimulatorControl, run_queues: dict[str, str]
) -> None:
    provider.add_fault("delay", seconds=5)
    run = requested()
    run_queues.clear()

    with slice_that_ends_soon():
        archive_run(str(run.pk))

    assert run_queues == {str(run.pk): "archive"}
    assert ArchiveRun.objects.due(timezone.now()).get() == run


def test_a_slice_passes_stories_on_that_have_become_due(
    provider: SimulatorControl, run_queues: dict[str, str]
) -> None:
    provider.add_fault("delay", seconds=5)
    run = requested()
    soon = timezone.now() + timedelta(hours=1)
    PollFactory.create(user=run.user, stream="stories", due_at=soon, deadline_at=soon)

    with slice_that_ends_soon():
        archive_run(str(run.pk))

    assert run_queues == {str(run.pk): "stories"}


def test_a_slice_ends_long_before_its_worker_is_killed() -> None:
    assert 0 < (archive_run.soft_time_limit or 0) <= settings.CELERY_TASK_TIME_LIMIT / 3


def test_a_second_message_for_a_run_does_nothing(provider: SimulatorControl) -> None:
    run = requested()
    ArchiveRun.objects.update(leased_until=timezone.now() + timedelta(seconds=30))

    archive_run(str(run.pk))

    assert provider.stats()["core_api"]["calls"] == 0


@pytest.mark.slow
@pytest.mark.usefixtures("provider")
def test_downloads_store_every_file_and_nudge_the_enrichment(sent: list[str]) -> None:
    archive_run(str(requested().pk))

    download_assets()

    assert not Asset.objects.exclude(state="stored").exists()
    assert sent[-1] == "storage.enrich"


@pytest.mark.slow
@pytest.mark.usefixtures("provider")
def test_expired_urls_are_renewed_and_their_downloads_nudged(sent: list[str]) -> None:
    archive_run(str(requested().pk))
    Asset.objects.filter(owner_kind="story").update(state="expired")
    sent.clear()

    renew_urls()

    assert not Asset.objects.filter(state="expired").exists()
    assert {"instagram.download_assets", "instagram.renew_urls"} == {*sent}


@pytest.mark.usefixtures("empty_queues")
def test_a_sweep_nudges_the_run_of_a_dead_worker(sent: list[str]) -> None:
    requested()
    ArchiveRun.objects.update(leased_until=timezone.now() - timedelta(seconds=1), state="running")
    sent.clear()

    sweep_runs()

    assert sent == ["instagram.archive_run"]


@pytest.mark.usefixtures("empty_queues")
def test_a_sweep_leaves_a_run_that_pauses_alone(sent: list[str]) -> None:
    requested()
    ArchiveRun.objects.update(next_attempt_at=timezone.now() + timedelta(minutes=5))
    sent.clear()

    sweep_runs()

    assert sent == []


@pytest.mark.parametrize(
    ("state", "nudged"),
    [
        ("wanted", ["instagram.download_assets"]),
        ("expired", ["instagram.renew_urls"]),
        ("failed", []),
    ],
)
def test_a_sweep_nudges_files_that_are_due(sent: list[str], state: str, nudged: list[str]) -> None:
    Asset.objects.create(owner_kind="post", owner_id="1", role="image", state=state)

    sweep_downloads()

    assert sent == nudged
