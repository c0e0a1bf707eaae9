"""The reference of the month: which stories a series of polls sees and misses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lab.faults import polling, posting_patterns
from lab.faults.posting_patterns import DAY, PostedStory

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPAN = START, START + 4 * DAY


def test_a_poll_sees_a_story_during_its_lifetime() -> None:
    story = PostedStory("a", START)

    assert polling.is_seen(story, [START - HOUR, START + 23 * HOUR])


def test_a_poll_at_the_expiry_of_a_story_misses_it() -> None:
    assert not polling.is_seen(PostedStory("a", START), [START - HOUR, START + DAY])


def test_a_withdrawn_story_is_seen_only_before_that() -> None:
    story = PostedStory("a", START, 2 * HOUR)

    assert not polling.is_seen(story, [START + 3 * HOUR])
    assert polling.recall([story], {"a": [START + HOUR]}).share == 1.0


def test_polls_a_day_apart_leave_no_gap() -> None:
    polls = [START + day * DAY for day in range(5)]

    assert polling.gaps(polls, SPAN) == []


def test_time_more_than_a_day_before_a_poll_is_a_gap() -> None:
    polls = [START, START + 3 * DAY]

    assert polling.gaps(polls, SPAN) == [
        (START, START + 2 * DAY),
        (START + 3 * DAY, START + 4 * DAY),
    ]


def test_without_polls_the_whole_span_is_a_gap() -> None:
    assert polling.gaps([], SPAN) == [SPAN]


def test_the_difference_of_gaps_is_the_time_in_only_one_list() -> None:
    first, second = [(START, START + 3 * HOUR)], [(START + HOUR, START + 4 * HOUR)]

    assert polling.difference(first, second) == 2 * HOUR


def test_a_fixed_pace_has_no_polls_during_an_outage() -> None:
    outage = START + DAY, START + 2 * DAY

    polls = polling.fixed(["a", "b"], every=6 * HOUR, span=SPAN, outage=outage)

    assert [len(times) for times in polls.values()] == [13, 12]


def test_a_month_is_the_same_for_the_same_seed() -> None:
    first, second = (posting_patterns.month(7, profiles=20, days=5, start=START) for _ in range(2))

    assert first == second
    assert {story.username for story in first} <= set(posting_patterns.usernames(20))
