"""The arithmetic of slots and of the breaker, without a database or a wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_logs.gate.providers import FAILURES_TO_OPEN, ProviderState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def state() -> ProviderState:
    return ProviderState(provider="primary", next_slot_at=NOW)


def slots(given_by: ProviderState, count: int, *, rate: float) -> list[datetime]:
    """The slots of calls that all ask now."""
    taken = []
    for _ in range(count):
        taken.append(given_by.slot(NOW, rate=rate))
        given_by.take(taken[-1], rate=rate)
    return taken


def broken(failures: int = FAILURES_TO_OPEN) -> ProviderState:
    failing = state()
    for _ in range(failures):
        failing.fail(NOW, was_probe=False)
    return failing


def test_a_second_of_calls_goes_out_at_once_and_the_rest_evenly() -> None:
    offsets = [(slot - NOW).total_seconds() for slot in slots(state(), 13, rate=10)]

    assert offsets == [0] * 10 + [0.1, 0.2, 0.3]


@given(
    rate=st.floats(0.05, 200),
    gaps=st.lists(st.floats(0, 3), min_size=2, max_size=60),
    window=st.floats(0.1, 5),
)
def test_no_window_has_more_calls_than_the_rate_and_a_burst(
    rate: float, gaps: list[float], window: float
) -> None:
    bucket, now, taken = state(), NOW, []
    for gap in gaps:
        now += timedelta(seconds=gap)
        taken.append(bucket.slot(now, rate=rate))
        bucket.take(taken[-1], rate=rate)

    fullest = max(
        sum(first <= slot < first + timedelta(seconds=window) for slot in taken) for first in taken
    )

    assert fullest <= rate * window + max(rate, 1) + 1e-3


def test_a_rate_below_one_a_second_has_no_burst() -> None:
    first, second = slots(state(), 2, rate=0.1)

    assert second - first == 10 * SECOND


def test_after_a_pause_the_calls_go_out_without_a_burst() -> None:
    bucket = state()

    bucket.pause(NOW + 30 * SECOND, rate=10)

    assert slots(bucket, 2, rate=10) == [NOW + 30 * SECOND, NOW + 30.1 * SECOND]


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    bucket = state()
    bucket.pause(NOW + 30 * SECOND, rate=10)

    bucket.pause(NOW + 5 * SECOND, rate=10)

    assert bucket.slot(NOW, rate=10) == NOW + 30 * SECOND


def test_one_failure_less_does_not_open_the_breaker() -> None:
    assert broken(FAILURES_TO_OPEN - 1).break_left(NOW) is None


def test_the_breaker_opens_for_half_a_minute() -> None:
    failing = broken()

    assert failing.break_left(NOW) == 30 * SECOND
    assert failing.break_left(NOW + 30 * SECOND) is None


def test_failures_that_were_under_way_do_not_open_it_further() -> None:
    assert broken(FAILURES_TO_OPEN + 40).break_left(NOW) == 30 * SECOND


def test_half_open_it_lets_one_probe_through() -> None:
    failing = broken()
    later = NOW + 30 * SECOND

    assert failing.take(later, rate=10)
    assert failing.break_left(later) is not None


def test_a_probe_that_was_killed_is_followed_by_another() -> None:
    failing = broken()
    failing.take(NOW + 30 * SECOND, rate=10)

    assert failing.break_left(NOW + timedelta(minutes=5)) is None


def test_breaks_double_to_a_quarter_of_an_hour() -> None:
    failing, now = broken(), NOW
    minutes = []
    for _ in range(40):
        left = failing.break_left(now)
        assert left is not None
        minutes.append(left / timedelta(minutes=1))
        now += left
        assert failing.take(now, rate=10)
        failing.fail(now, was_probe=True)

    assert minutes[:7] == [0.5, 1, 2, 4, 8, 15, 15]
    assert minutes[-1] == 15


@pytest.mark.parametrize("ahead", [timedelta(hours=2), timedelta(days=1), timedelta(days=4000)])
def test_times_of_a_clock_that_was_ahead_hold_nothing_up(ahead: timedelta) -> None:
    failing = broken()
    failing.next_slot_at = failing.open_until = NOW + ahead

    excess = failing.set_right(NOW, rate=10)

    assert excess > timedelta(minutes=50)
    assert failing.slot(NOW, rate=10) == NOW
    assert failing.break_left(NOW) is None
    assert failing.take(NOW, rate=10), "the breaker is still half open"


@given(seconds=st.floats(0, 3600), rate=st.floats(0.01, 1000))
def test_a_pause_that_a_provider_may_ask_for_is_kept(seconds: float, rate: float) -> None:
    bucket = state()
    bucket.pause(NOW + timedelta(seconds=seconds), rate=rate)
    until = bucket.next_slot_at

    assert not bucket.set_right(NOW, rate=rate)
    assert bucket.next_slot_at == until


def test_the_longest_break_is_kept() -> None:
    failing = broken()
    failing.open_until = NOW + timedelta(minutes=15)

    assert not failing.set_right(NOW, rate=10)
    assert failing.break_left(NOW) == timedelta(minutes=15)


def test_a_closed_breaker_makes_no_probe() -> None:
    assert not state().take(NOW, rate=10)


@pytest.mark.parametrize("rate", [0.01, 10, 1000])
def test_an_idle_provider_gives_a_slot_at_once(rate: float) -> None:
    assert state().slot(NOW + timedelta(days=1), rate=rate) == NOW + timedelta(days=1)
