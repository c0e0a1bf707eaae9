"""An erasure leaves nothing behind, in any order with concurrent work on the profile."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from api_logs.models import APIRequestLog
from core.utils.errors import Transient
from instagram import actions, erasure
from instagram.archiving import persist, pipeline, runs
from instagram.archiving.persist import Outcome
from instagram.archiving.records import OwnerRecord, PostRecord
from instagram.models import ArchiveRun, RunStream, Tombstone, User
from lab.builders import NOW, post
from lab.simulator.client import SimulatorControl
from tests.support.erasables import ID, NAME, POST, add_profile, add_run, archived, tables_with
from tests.support.running import Start, archive
from tests.support.waiting import lock_is_awaited, wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True, databases=["default", "api_log"]),
    pytest.mark.usefixtures("media_folder"),
]

ERASED = OwnerRecord(ID, NAME)


def erase(user: User) -> Tombstone:
    return erasure.erase(user, by=None, reason="request 17")


def nothing_is_left() -> bool:
    erasure.finish_all(now=timezone.now() + timedelta(minutes=16))
    return tables_with(ID, NAME, POST) == set()


def turn_page(run: ArchiveRun, stream: RunStream) -> None:
    runs.advance(run, stream, Outcome(seen=1), next_cursor="next")


def test_a_page_that_is_about_to_commit_is_waited_for_and_erased(meanwhile: Start) -> None:
    run = add_run(user := add_profile())
    stream = run.streams.get()

    with transaction.atomic():
        persist.posts(user, [post(POST)], now=NOW)
        turn_page(run, stream)
        erasing = meanwhile(lambda: erase(user))
        wait_until(lock_is_awaited)
    erasing.result(30)

    assert nothing_is_left()


@pytest.mark.parametrize("known", [[], [post(POST)]])
def test_a_page_that_comes_after_the_erasure_loses_its_lease(
    meanwhile: Start, known: list[PostRecord]
) -> None:
    run = add_run(user := add_profile())
    stream = run.streams.get()
    persist.posts(user, known, now=NOW)
    begun: list[Future[object]] = []

    def page() -> None:
        with transaction.atomic():
            persist.posts(user, [post(POST, caption="edited")], now=NOW)
            begun.append(meanwhile(lambda: erase(user)))
            wait_until(lambda: begun[0].done() or lock_is_awaited())
            turn_page(run, stream)

    with pytest.raises(runs.LostLease):
        page()
    begun[0].result(30)

    assert nothing_is_left()


@pytest.mark.parametrize(
    "record",
    [replace(post(POST), owner=ERASED), post(5, coauthors=(ERASED,))],
    ids=["its post", "a link to it"],
)
def test_a_coauthor_s_page_brings_nothing_back(meanwhile: Start, record: PostRecord) -> None:
    user, other = add_profile(), add_profile("90210999003", "paul.stays")

    def page() -> None:
        with pipeline.one_transaction():
            persist.posts(other, [record], now=NOW)
            meanwhile(lambda: erase(user)).result(30)

    with pytest.raises(Transient):
        page()

    assert nothing_is_left()


def test_one_of_two_concurrent_erasures_erases(meanwhile: Start) -> None:
    user = archived()
    barrier = threading.Barrier(2)

    def race() -> Tombstone | None:
        barrier.wait()
        try:
            return erase(user)
        except User.DoesNotExist:
            return None

    results = [each.result(30) for each in (meanwhile(race), meanwhile(race))]

    assert Tombstone.objects.count() == len([each for each in results if each]) == 1
    assert nothing_is_left()


@pytest.mark.slow
def test_a_worker_at_a_run_stops_without_a_trace(
    meanwhile: Start, provider: SimulatorControl
) -> None:
    archive("plain.case", "profile")
    user = User.objects.get(username="plain.case")
    provider.add_fault("delay", path="fetch_user_posts", seconds=2)
    run_id = actions.add_profile(name="plain.case", by=None, streams=["posts"]).run.pk
    claimed = runs.claim(run_id, now=timezone.now())
    assert claimed is not None

    working = meanwhile(lambda: pipeline.archive(claimed))
    wait_until(APIRequestLog.objects.filter(state="started", endpoint="user_posts").exists)
    erase(user)
    with pytest.raises(runs.LostLease):
        working.result(30)

    erasure.finish_all(now=timezone.now() + timedelta(minutes=16))
    assert tables_with(str(user.instagram_id), user.username) == set()


def test_a_worker_between_two_calls_stops_too() -> None:
    run = add_run(user := add_profile())
    erase(user)

    with pytest.raises(runs.LostLease):
        pipeline.archive(run)


def test_a_hold_that_is_placed_first_wins_the_race(meanwhile: Start) -> None:
    user = add_profile()

    with transaction.atomic():
        erasure.place_hold(user, by=None, reason="court order")
        erasing = meanwhile(lambda: erase(user))
        wait_until(lock_is_awaited)

    assert isinstance(erasing.exception(30), erasure.UnderLegalHold)
    assert User.objects.get() == user
