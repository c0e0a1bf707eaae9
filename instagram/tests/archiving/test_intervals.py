"""The intervals of streams, and their effect in a simulated month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from instagram.archiving.schedule import intervals
from instagram.archiving.schedule.intervals import STORY_PACES, STREAM_PACES, Pace
from instagram.models import RunStream
from lab.benchmarks import month
from settings.models import StoryPace

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BALANCED = STORY_PACES["balanced"]
EVERY_PACE = [*STORY_PACES.values(), *STREAM_PACES.values(), intervals.HIDDEN_PACE]


def after_quiet_polls(pace: Pace, count: int) -> timedelta:
    interval = pace.densest
    for _ in range(count):
        interval = intervals.next_interval(pace, interval, found_new=False, quiet_for=None)
    return interval


def test_every_stream_and_every_pace_that_staff_can_choose_has_numbers() -> None:
    assert {*STREAM_PACES, RunStream.Name.STORIES} == {*RunStream.Name}
    assert {*STORY_PACES} == {*StoryPace}


@pytest.mark.parametrize("pace", STORY_PACES.values(), ids=STORY_PACES)
@pytest.mark.parametrize("previous", [HOUR, 20 * HOUR, 7 * DAY])
def test_no_story_of_a_profile_that_posted_lately_dies_between_two_polls(
    pace: Pace, previous: timedelta
) -> None:
    interval = intervals.next_interval(pace, previous, found_new=False, quiet_for=2 * DAY)

    assert interval <= 20 * HOUR


def test_a_quiet_profile_is_polled_less_and_less_often_up_to_a_bound() -> None:
    thrifty = STORY_PACES["thrifty"]

    assert [after_quiet_polls(thrifty, count) / HOUR for count in range(5)] == [
        20, 40, 80, 160, 168,
    ]  # fmt: skip


def test_the_first_story_after_a_long_silence_makes_polls_dense_at_once() -> None:
    interval = intervals.next_interval(BALANCED, 7 * DAY, found_new=True, quiet_for=None)

    assert interval == 20 * HOUR


def test_the_gapless_pace_leaves_no_gap_at_any_profile() -> None:
    assert after_quiet_polls(STORY_PACES["gapless"], 100) < intervals.STORY_LIFE
    assert after_quiet_polls(STORY_PACES["dense"], 100) < intervals.STORY_LIFE


def test_a_stream_that_keeps_changing_is_polled_at_the_densest_interval() -> None:
    pace, interval = STREAM_PACES["posts"], 7 * DAY
    for _ in range(10):
        interval = intervals.next_interval(pace, interval, found_new=True, quiet_for=HOUR)

    assert interval == pace.densest


@pytest.mark.parametrize("pace", EVERY_PACE)
@pytest.mark.parametrize("previous", [timedelta(), HOUR, 365 * DAY])
@pytest.mark.parametrize("found_new", [True, False])
def test_an_interval_stays_within_its_bounds(
    *, pace: Pace, previous: timedelta, found_new: bool
) -> None:
    interval = intervals.next_interval(pace, previous, found_new=found_new, quiet_for=None)

    assert pace.densest <= interval <= pace.quietest


def test_jitter_shortens_by_five_percent_at_most_and_spreads_profiles() -> None:
    waits = {intervals.jittered(20 * HOUR, UUID(int=number)) for number in range(1000)}

    assert len(waits) == 1000
    assert 19 * HOUR <= min(waits) < max(waits) == 20 * HOUR


def test_the_deadline_of_watched_stories_is_when_the_first_could_die_unseen() -> None:
    times = {"polled_at": NOW, "due_at": NOW + 19 * HOUR}

    assert intervals.deadline(BALANCED, 20 * HOUR, **times, is_mortal=True) == NOW + 24 * HOUR


def test_polls_that_lose_nothing_may_wait_for_another_interval() -> None:
    times = {"polled_at": NOW, "due_at": NOW + 7 * DAY}

    quiet = intervals.deadline(BALANCED, 7 * DAY, **times, is_mortal=True)
    posts = intervals.deadline(STREAM_PACES["posts"], 7 * DAY, **times, is_mortal=False)

    assert quiet == posts == NOW + 14 * DAY


def test_retries_grow_with_the_time_since_the_last_success() -> None:
    soon = intervals.retry(now=NOW, since=NOW - 20 * HOUR, deadline_at=None)
    late = intervals.retry(now=NOW, since=NOW - 8 * DAY, deadline_at=None)

    assert (soon, late) == (NOW + 5 * HOUR, NOW + 2 * DAY)


def test_a_retry_comes_before_a_deadline_that_can_be_met() -> None:
    at = intervals.retry(now=NOW, since=NOW - 20 * HOUR, deadline_at=NOW + 4 * HOUR)

    assert at == NOW + 2 * HOUR


@pytest.mark.parametrize("deadline_at", [NOW - DAY, NOW, NOW + timedelta(seconds=1), None])
def test_retries_leave_the_provider_a_pause(deadline_at: datetime | None) -> None:
    assert intervals.retry(now=NOW, since=NOW, deadline_at=deadline_at) >= NOW + HOUR / 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "most_calls", "least_recall"),
    [("thrifty", 0.55, 0.72), ("balanced", 0.85, 0.87), ("dense", 2.6, 0.97)],
)
def test_a_month_finds_more_stories_than_fixed_polls_that_cost_the_same(
    name: str, most_calls: float, least_recall: float
) -> None:
    profiles = 200
    stories = month.world(profiles, seed=3)

    ours = month.adaptive(stories, STORY_PACES[name])

    spent = ours.calls / profiles / 30
    assert spent < most_calls
    assert ours.recall > least_recall
    assert ours.recall > month.fixed(stories, month.MONTH * profiles / ours.calls).recall
    assert ours.recall > month.fixed(stories, 6 * HOUR, polled=spent / 4).recall
