"""Due polls start runs in the order of their deadlines, once, up to a limit."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries

from instagram import actions
from instagram.archiving import schedule
from instagram.archiving.schedule import dispatching
from instagram.models import ArchiveRun, StreamPoll, User
from instagram.tasks import dispatch
from tests.support.factories import RunFactory, StreamFactory, UserFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def polled(user: User, stream: str = "stories", *, due: float = -1, deadline: float = 4) -> None:
    """Schedule a stream, in hours from now."""
    StreamPoll.objects.create(
        user=user, stream=stream, due_at=NOW + due * HOUR, deadline_at=NOW + deadline * HOUR
    )


def streams_of(run: ArchiveRun) -> list[str]:
    return list(run.streams.values_list("name", flat=True))


def going_on(stream: str, **facts: Any) -> ArchiveRun:
    """An active run with one stream."""
    run: ArchiveRun = RunFactory.create(**facts)
    StreamFactory.create(run=run, name=stream, position=9)
    return run


def test_all_streams_of_a_profile_that_are_due_go_into_one_run_in_their_order() -> None:
    user = UserFactory.create()
    polled(user, "reels")
    polled(user, "stories")
    polled(user, "profile")
    polled(user, "posts", due=1)

    assert schedule.dispatch(now=NOW) == 1

    run = ArchiveRun.objects.get()
    assert streams_of(run) == ["profile", "stories", "reels"]
    assert (run.user, run.is_scheduled, run.requested_by) == (user, True, None)


def test_the_earliest_deadline_comes_first() -> None:
    late, soon, between = UserFactory.create_batch(3)
    polled(late, deadline=9, due=-5)
    polled(soon, deadline=1)
    polled(between, deadline=5)

    schedule.dispatch(now=NOW, limit=2)

    assert set(ArchiveRun.objects.values_list("user", flat=True)) == {soon.pk, between.pk}


def test_a_dispatched_poll_is_not_dispatched_again() -> None:
    polled(UserFactory.create())
    schedule.dispatch(now=NOW)

    assert schedule.dispatch(now=NOW) == 0
    ArchiveRun.objects.update(state="succeeded")
    assert schedule.dispatch(now=NOW + timedelta(minutes=5)) == 0


def test_a_run_that_ends_without_a_word_costs_an_hour_and_no_poll() -> None:
    polled(UserFactory.create())
    schedule.dispatch(now=NOW)
    ArchiveRun.objects.all().delete()

    assert schedule.dispatch(now=NOW + HOUR) == 1


@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_profile_with_an_active_run_waits_for_its_end(state: str) -> None:
    user = UserFactory.create()
    run = RunFactory.create(user=user, state=state)
    polled(user)

    assert schedule.dispatch(now=NOW) == 0
    ArchiveRun.objects.filter(pk=run.pk).update(state="failed")
    assert schedule.dispatch(now=NOW) == 1


def test_profiles_that_wait_do_not_keep_others_from_their_turn() -> None:
    for run in RunFactory.create_batch(3):
        polled(run.user, deadline=-9)
    polled(UserFactory.create())

    assert schedule.dispatch(now=NOW, limit=1) == 1


def test_a_profile_that_is_only_a_name_is_identified_first() -> None:
    polled(User.objects.create(username="only_a_name"))

    schedule.dispatch(now=NOW)

    assert streams_of(ArchiveRun.objects.get()) == ["profile", "stories"]


def test_only_so_many_scheduled_runs_are_active(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "MAX_ACTIVE", 2)
    for _ in range(3):
        polled(UserFactory.create())

    assert [schedule.dispatch(now=NOW), schedule.dispatch(now=NOW)] == [2, 0]
    ArchiveRun.objects.filter(pk=ArchiveRun.objects.values("pk")[:1]).update(state="succeeded")
    assert schedule.dispatch(now=NOW) == 1


def test_requested_runs_take_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "MAX_ACTIVE", 1)
    RunFactory.create()
    polled(UserFactory.create())

    assert schedule.dispatch(now=NOW) == 1


def test_runs_that_wait_for_another_day_take_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "MAX_ACTIVE", 1)
    RunFactory.create(is_scheduled=True, waits_for="BudgetExhausted")
    polled(UserFactory.create())

    assert schedule.dispatch(now=NOW) == 1


def test_due_stories_join_a_run_that_goes_on_without_them() -> None:
    run = going_on("posts", state="running")
    polled(run.user)

    assert [schedule.join_stories(now=NOW), schedule.join_stories(now=NOW)] == [1, 0]
    assert streams_of(run) == ["stories", "posts"]
    assert run.user.polls.get().due_at == NOW + HOUR


@pytest.mark.parametrize("state", ["pending", "succeeded", "failed"])
def test_stories_that_a_run_has_already_do_not_join_it(state: str) -> None:
    run = RunFactory.create()
    StreamFactory.create(run=run, name="stories", state=state)
    polled(run.user)

    assert schedule.join_stories(now=NOW) == 0


def test_only_due_stories_join_a_run() -> None:
    polled(going_on("posts").user, due=1)
    polled(going_on("posts").user, "reels")
    polled(going_on("posts", state="failed").user)

    assert schedule.join_stories(now=NOW) == 0


@pytest.mark.parametrize(("runs", "statements"), [(0, 1), (1, 3), (9, 3)])
def test_joining_costs_the_same_for_any_number_of_runs(
    django_assert_num_queries: DjangoAssertNumQueries, runs: int, statements: int
) -> None:
    for _ in range(runs):
        polled(going_on("posts").user)

    with django_assert_num_queries(statements + 2):  # and a savepoint around them
        assert schedule.join_stories(now=NOW) == runs


@pytest.mark.parametrize("profiles", [1, 20])
def test_dispatching_costs_the_same_however_much_is_due(
    django_assert_num_queries: DjangoAssertNumQueries, profiles: int
) -> None:
    for user in UserFactory.create_batch(profiles):
        polled(user)
        polled(user, "posts")

    with django_assert_num_queries(6 + 2):  # and a savepoint around them
        assert schedule.dispatch(now=NOW) == profiles


def test_stories_of_the_schedule_have_a_queue_of_their_own(
    run_queues: dict[str, str], django_capture_on_commit_callbacks: Any
) -> None:
    watched, slow = UserFactory.create_batch(2)
    polled(watched, "stories")
    polled(slow, "posts")

    with django_capture_on_commit_callbacks(execute=True):
        schedule.dispatch(now=NOW)

    assert run_queues == {
        str(watched.runs.get().pk): "stories",
        str(slow.runs.get().pk): "archive",
    }


def test_a_requested_run_goes_to_the_archive_queue(
    run_queues: dict[str, str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run = actions.request_archive(user=UserFactory.create(), by=None)

    assert run_queues == {str(run.pk): "archive"}


def test_a_flag_leads_to_a_run_at_the_next_tick(configured: None) -> None:
    user = UserFactory.create(allow_auto_update_stories=True)

    dispatch()

    assert streams_of(user.runs.get()) == ["stories"]


def test_no_run_is_started_if_no_provider_can_be_called() -> None:
    user = UserFactory.create(allow_auto_update_stories=True)

    dispatch()

    assert not user.runs.exists()


def test_streams_that_may_not_be_polled_now_stay_due() -> None:
    user = UserFactory.create()
    polled(user, "posts")
    polled(user, "stories")

    schedule.dispatch(now=NOW, streams=["stories"])

    assert streams_of(ArchiveRun.objects.get()) == ["stories"]
    assert user.polls.get(stream="posts").due_at == NOW - HOUR


@pytest.mark.django_db(transaction=True)
def test_two_dispatchers_at_once_share_the_work() -> None:
    for user in UserFactory.create_batch(40):
        polled(user)
    together, counts = threading.Barrier(2), []

    def work() -> None:
        together.wait()
        counts.append(schedule.dispatch(now=NOW))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ArchiveRun.objects.count() == sum(counts) <= 40
    assert sum(counts) + schedule.dispatch(now=NOW) == 40


@pytest.mark.django_db(transaction=True)
def test_a_profile_that_is_being_requested_is_left_alone() -> None:
    user = UserFactory.create()
    polled(user)
    started: list[int] = []

    def work() -> None:
        started.append(schedule.dispatch(now=NOW))
        connection.close()

    with transaction.atomic():
        run = actions.request_archive(user=user, by=None)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    assert started == [0]
    assert list(ArchiveRun.objects.all()) == [run]
