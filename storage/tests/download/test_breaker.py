"""The circuit breaker of each host."""

from __future__ import annotations

import pytest

from storage.download.breaker import (
    INITIAL_BACKOFF,
    MAX_BACKOFF,
    MAX_FAILURES,
    PROBE_TIMEOUT,
    CircuitBreaker,
)

HOST = "cdn.example"


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(clock)


def shut(breaker: CircuitBreaker) -> None:
    for _ in range(MAX_FAILURES):
        breaker.record_failure(HOST)


def test_several_failures_in_a_row_open_the_circuit(breaker: CircuitBreaker) -> None:
    for _ in range(MAX_FAILURES - 1):
        breaker.record_failure(HOST)
    before = breaker.allow(HOST)

    breaker.record_failure(HOST)

    assert (before, breaker.allow(HOST)) == (True, False)
    assert breaker.retry_after(HOST) == INITIAL_BACKOFF


def test_a_success_between_failures_keeps_the_circuit_closed(breaker: CircuitBreaker) -> None:
    for _ in range(3 * MAX_FAILURES):
        breaker.record_failure(HOST)
        breaker.record_success(HOST)

    assert breaker.allow(HOST)


def test_the_circuits_of_other_hosts_stay_closed(breaker: CircuitBreaker) -> None:
    shut(breaker)

    assert breaker.allow("other.example")
    assert breaker.retry_after("other.example") == 0


def test_after_the_pause_one_probe_is_let_through(breaker: CircuitBreaker, clock: Clock) -> None:
    shut(breaker)
    clock.now += INITIAL_BACKOFF

    assert [breaker.allow(HOST) for _ in range(3)] == [True, False, False]
    assert breaker.retry_after(HOST) == 0


def test_a_probe_that_succeeds_closes_the_circuit(breaker: CircuitBreaker, clock: Clock) -> None:
    shut(breaker)
    clock.now += INITIAL_BACKOFF
    breaker.allow(HOST)

    breaker.record_success(HOST)

    assert [breaker.allow(HOST) for _ in range(3)] == [True] * 3


def test_each_failed_probe_doubles_the_backoff(breaker: CircuitBreaker, clock: Clock) -> None:
    shut(breaker)
    pauses = []
    for _ in range(7):
        clock.now += breaker.retry_after(HOST)
        breaker.allow(HOST)
        breaker.record_failure(HOST)
        pauses.append(breaker.retry_after(HOST))

    assert pauses[:3] == [2 * INITIAL_BACKOFF, 4 * INITIAL_BACKOFF, 8 * INITIAL_BACKOFF]
    assert pauses[-1] == MAX_BACKOFF


def test_failures_of_running_downloads_do_not_prolong_the_backoff(
    breaker: CircuitBreaker, clock: Clock
) -> None:
    shut(breaker)
    clock.now += 1

    breaker.record_failure(HOST)

    assert breaker.retry_after(HOST) == INITIAL_BACKOFF - 1


def test_a_probe_that_never_ends_is_replaced(breaker: CircuitBreaker, clock: Clock) -> None:
    shut(breaker)
    clock.now += INITIAL_BACKOFF
    breaker.allow(HOST)

    clock.now += PROBE_TIMEOUT

    assert breaker.allow(HOST)


def test_a_host_may_ask_for_a_longer_pause(breaker: CircuitBreaker) -> None:
    for _ in range(MAX_FAILURES):
        breaker.record_failure(HOST, retry_after=900)

    assert breaker.retry_after(HOST) == 900
