"""Flags set due times, polls move them, and polls of stories add windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from instagram.archiving import schedule
from instagram.models import StoryWindow, StreamPoll, User
from settings.models import ArchivingSetting
from tests.support.factories import RunFactory, StreamFactory, UserFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def profile(*, stories: bool = True, rest: bool = False, **facts: Any) -> User:
    """A profile whose flags were applied to the schedule."""
    user: User = UserFactory.create(
        allow_auto_update_stories=stories,
        allow_auto_update_profile=rest,
        created_at=NOW - DAY,
        **facts,
    )
    schedule.apply_flags(now=NOW)
    return user


def note(
    user: User,
    stream: str = "stories",
    *,
    now: datetime = NOW,
    found_new: bool = False,
) -> StreamPoll:
    """The poll after a success."""
    schedule.note_poll(user, stream, now=now, found_new=found_new)
    poll: StreamPoll = StreamPoll.objects.get(user=user, stream=stream)
    return poll


def fail(user: User, stream: str = "stories", *, now: datetime = NOW) -> StreamPoll:
    """The poll after a failure."""
    schedule.note_failed_poll(user, stream, now=now)
    poll: StreamPoll = StreamPoll.objects.get(user=user, stream=stream)
    return poll


def scheduled(user: User) -> set[str]:
    return set(user.polls.filter(due_at__isnull=False).values_list("stream", flat=True))


@pytest.mark.parametrize(
    ("stories", "rest", "streams"),
    [
        (False, False, set()),
        (True, False, {"stories"}),
        (False, True, {"profile", "posts", "reels", "highlights"}),
        (True, True, {"profile", "posts", "reels", "highlights", "stories"}),
    ],
)
def test_flags_decide_which_streams_are_scheduled(
    *, stories: bool, rest: bool, streams: set[str]
) -> None:
    assert scheduled(profile(stories=stories, rest=rest)) == streams


def test_a_newly_scheduled_stream_is_due_at_once() -> None:
    poll = profile().polls.get()

    assert (poll.due_at, poll.deadline_at) == (NOW, NOW + 4 * HOUR)


def test_a_flag_that_was_switched_by_bare_sql_is_followed() -> None:
    user = UserFactory.create()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE instagram_user SET allow_auto_update_stories = true")

    assert schedule.apply_flags(now=NOW) == 1
    assert scheduled(user) == {"stories"}


def test_switching_a_flag_off_ends_the_schedule_and_keeps_the_rows() -> None:
    user = profile(rest=True)
    note(user)
    User.objects.update(allow_auto_update_stories=False)

    schedule.apply_flags(now=NOW)

    assert scheduled(user) == {"profile", "posts", "reels", "highlights"}
    assert user.polls.get(stream="stories").polled_at == NOW


def test_following_the_flags_a_second_time_moves_nothing(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    user = profile(rest=True)
    before = list(user.polls.order_by("pk").values())

    with django_assert_num_queries(3):  # one, and a savepoint around it
        assert schedule.apply_flags(now=NOW + HOUR) == 0

    assert list(user.polls.order_by("pk").values()) == before


@pytest.mark.parametrize("profiles", [1, 30])
def test_the_flags_of_many_profiles_are_followed_in_as_many_statements_as_of_one(
    django_assert_num_queries: DjangoAssertNumQueries, profiles: int
) -> None:
    UserFactory.create_batch(
        profiles, allow_auto_update_stories=True, allow_auto_update_profile=True
    )

    with django_assert_num_queries(9 + 2):  # and a savepoint around them
        assert schedule.apply_flags(now=NOW) == profiles


def test_more_profiles_than_the_limit_are_followed_bit_by_bit() -> None:
    UserFactory.create_batch(3, allow_auto_update_stories=True)

    assert [schedule.apply_flags(now=NOW, limit=2) for _ in range(3)] == [2, 1, 0]


@pytest.mark.parametrize("availability", ["private", "deleted"])
@pytest.mark.parametrize(("stories", "rest"), [(True, False), (False, True), (True, True)])
def test_only_the_profile_stream_of_a_hidden_profile_is_polled(
    *, availability: str, stories: bool, rest: bool
) -> None:
    user = profile(stories=stories, rest=rest)
    User.objects.update(availability=availability)

    schedule.apply_flags(now=NOW)

    assert scheduled(user) == {"profile"}


def test_a_missing_profile_is_polled_again_when_another_miss_counts() -> None:
    user = profile(rest=True)
    StreamPoll.objects.update(due_at=NOW + 6 * DAY, deadline_at=NOW + 7 * DAY, polled_at=NOW - DAY)
    User.objects.update(availability="missing")
    user.refresh_from_db()

    schedule.apply_flags(now=NOW)
    poll = fail(user, "profile")

    assert scheduled(user) == {"profile", "posts", "reels", "highlights", "stories"}
    assert poll.due_at == NOW + ArchivingSetting().minutes_between_misses * timedelta(minutes=1)


def test_a_profile_in_doubt_is_polled_next() -> None:
    user = profile(rest=True)
    StreamPoll.objects.update(due_at=NOW + 6 * DAY, deadline_at=NOW + 7 * DAY)

    schedule.doubt(user, now=NOW)

    assert {*user.polls.filter(due_at=NOW).values_list("stream", flat=True)} == {"profile"}


def test_a_profile_that_is_not_scheduled_is_not_polled_in_doubt() -> None:
    user = profile()

    schedule.doubt(user, now=NOW)

    assert scheduled(user) == {"stories"}


def test_a_profile_that_has_returned_is_due_at_once() -> None:
    user = profile(availability="private")
    User.objects.update(availability="live")

    schedule.apply_flags(now=NOW + DAY)

    assert scheduled(user) == {"stories"}
    assert user.polls.get(stream="stories").due_at == NOW + DAY


def test_a_hidden_profile_is_polled_less_and_less_often() -> None:
    user = profile(rest=True, availability="private")

    waits = [note(user, "profile", now=NOW + day * DAY).interval for day in range(0, 80, 10)]

    assert waits[0] == DAY
    assert waits[-1] == 7 * DAY


def test_a_poll_that_found_stories_is_repeated_before_one_can_die_unseen() -> None:
    poll = note(profile(), found_new=True)

    assert (poll.polled_at, poll.changed_at) == (NOW, NOW)
    assert poll.due_at is not None
    assert NOW + 19 * HOUR <= poll.due_at <= NOW + 20 * HOUR
    assert poll.deadline_at == NOW + DAY


def test_a_silent_profile_waits_longer_from_poll_to_poll() -> None:
    user = profile()
    waits = [note(user, now=NOW + number * DAY).interval for number in range(3)]

    assert waits == sorted(waits)
    assert waits[0] < waits[-1]


def test_the_pace_is_the_setting() -> None:
    ArchivingSetting(story_pace="dense").save()
    user = profile()

    for number in range(5):
        poll = note(user, now=NOW + number * HOUR, found_new=True)

    assert poll.interval == 2 * HOUR


def test_a_failed_poll_is_repeated_sooner_and_claims_nothing() -> None:
    user = profile()
    note(user, found_new=True)

    poll = fail(user, now=NOW + 20 * HOUR)

    assert (poll.polled_at, poll.changed_at) == (NOW, NOW)
    assert poll.due_at == NOW + 22 * HOUR
    assert poll.deadline_at == NOW + DAY
    assert StoryWindow.objects.get().polls == 1


def test_a_poll_that_could_not_read_everything_is_not_repeated_sooner() -> None:
    user = profile(rest=True)
    before = note(user, "posts")

    schedule.note_partial_poll(user, "posts", now=NOW + DAY)

    poll = user.polls.get(stream="posts")
    assert poll.due_at is not None
    assert poll.due_at > NOW + DAY + before.interval * 0.9
    assert poll.polled_at == NOW


def test_repeated_failures_are_retried_less_and_less_often() -> None:
    user, now, waits = profile(), NOW, []

    for _ in range(40):
        poll = fail(user, now=now)
        assert poll.due_at is not None
        waits.append(poll.due_at - now)
        now = poll.due_at

    assert waits[5:] == sorted(waits[5:])
    assert waits[-1] == 7 * DAY


def test_a_requested_poll_is_noted_but_schedules_nothing() -> None:
    user = UserFactory.create()

    poll = note(user, found_new=True)

    assert (poll.polled_at, poll.due_at, poll.deadline_at) == (NOW, None, None)
    assert user.story_windows.count() == 1


def test_the_first_story_poll_covers_the_day_before_it() -> None:
    note(profile())

    window = StoryWindow.objects.get()
    assert (window.started_at, window.ended_at, window.polls) == (NOW - DAY, NOW, 1)


def test_a_poll_within_a_day_makes_the_window_longer() -> None:
    user = profile()
    for hours in (0, 20, 44):
        note(user, now=NOW + hours * HOUR)

    window = StoryWindow.objects.get()
    assert (window.started_at, window.ended_at) == (NOW - DAY, NOW + 44 * HOUR)
    assert window.polls == 3


def test_a_poll_after_more_than_a_day_opens_another_window() -> None:
    user = profile()
    for hours in (0, 25):
        note(user, now=NOW + hours * HOUR)

    windows = StoryWindow.objects.order_by("started_at").values_list("started_at", "ended_at")
    assert list(windows) == [(NOW - DAY, NOW), (NOW + HOUR, NOW + 25 * HOUR)]


def test_the_windows_of_other_profiles_stay_as_they_are() -> None:
    note(profile())
    note(profile(), now=NOW + HOUR)

    assert sorted(StoryWindow.objects.values_list("polls", flat=True)) == [1, 1]


@pytest.mark.parametrize("stream", ["profile", "posts", "reels", "highlights"])
def test_other_streams_leave_no_window(stream: str) -> None:
    note(profile(rest=True), stream)

    assert not StoryWindow.objects.exists()


@pytest.mark.parametrize(("stream", "statements"), [("posts", 2), ("stories", 4)])
def test_noting_a_poll_takes_few_statements(
    django_assert_num_queries: DjangoAssertNumQueries, stream: str, statements: int
) -> None:
    user = profile(rest=True)
    note(user, stream)

    with django_assert_num_queries(statements):
        schedule.note_poll(user, stream, now=NOW + HOUR, found_new=False)


def test_nothing_scheduled_is_a_forecast_of_nothing() -> None:
    UserFactory.create()

    assert schedule.forecast(now=NOW) == schedule.Forecast(calls=0, cost=Decimal(0))


def test_the_forecast_counts_the_polls_of_a_day_and_their_price(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    profile(stories=True, rest=True, media_count=50)
    far = NOW + 30 * HOUR
    StreamPoll.objects.filter(stream="posts").update(due_at=far, deadline_at=far)
    StreamPoll.objects.filter(stream="stories").update(
        due_at=NOW - DAY, interval=timedelta(hours=5)
    )

    with django_assert_num_queries(1):
        forecast = schedule.forecast(now=NOW)

    # profile and reels now, in 12 and in 24 hours; a tray and a highlight now and in 24 hours;
    # stories now and after 5, 10, 15 and 20 hours
    assert forecast.calls == 3 + 3 + 2 * 2 + 5
    assert forecast.cost == Decimal("0.001") * 6 + Decimal("0.002") * 9


def tabs_only(pages: int | None) -> None:
    """One poll of the posts and one of the reels in the coming day."""
    far = NOW + 30 * HOUR
    StreamPoll.objects.exclude(stream__in=["posts", "reels"]).update(due_at=far, deadline_at=far)
    StreamPoll.objects.update(interval=30 * HOUR, pages=pages)


@pytest.mark.parametrize(
    ("pages", "media_count", "calls"),
    [(200, 7, 400), (None, 10_000, 400), (None, 51, 4), (None, 0, 2), (None, None, 2), (0, 90, 2)],
)
def test_the_forecast_counts_every_page_of_a_tab(
    pages: int | None, media_count: int | None, calls: int
) -> None:
    profile(stories=False, rest=True, media_count=media_count)
    tabs_only(pages)

    assert schedule.forecast(now=NOW).calls == calls


def test_a_poll_that_saw_everything_notes_how_many_pages_that_took() -> None:
    user = profile(rest=True)
    ended = RunFactory.create(user=user, state="succeeded")
    StreamFactory.create(run=ended, name="posts", pages=1)
    run = RunFactory.create(user=user, state="running")
    StreamFactory.create(run=run, name="posts", pages=200)

    note(user, "posts")

    assert user.polls.get(stream="posts").pages == 200


def test_an_index_knows_the_profiles_that_are_out_of_step() -> None:
    UserFactory.create_batch(3)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    assert "user_out_of_step" in User.objects.out_of_step().explain()
