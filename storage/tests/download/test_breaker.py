"""The circuit breaker of hosts."""

from __future__ import annotations

import pytest

from storage.download.breaker import FIRST_PAUSE, MAX_FAILURES, MAX_PAUSE, PROBE, Hosts

HOST = "cdn.example"


class Clock:
    """Time that passes only when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hosts(clock: Clock) -> Hosts:
    return Hosts(clock)


def shut(hosts: Hosts) -> None:
    for _ in range(MAX_FAILURES):
        hosts.failed(HOST)


def test_some_failures_in_a_row_shut_a_host(hosts: Hosts) -> None:
    for _ in range(MAX_FAILURES - 1):
        hosts.failed(HOST)
    before = hosts.admits(HOST)

    hosts.failed(HOST)

    assert (before, hosts.admits(HOST)) == (True, False)
    assert hosts.pause_left(HOST) == FIRST_PAUSE


def test_a_success_between_failures_keeps_a_host_open(hosts: Hosts) -> None:
    for _ in range(3 * MAX_FAILURES):
        hosts.failed(HOST)
        hosts.worked(HOST)

    assert hosts.admits(HOST)


def test_other_hosts_stay_open(hosts: Hosts) -> None:
    shut(hosts)

    assert hosts.admits("other.example")
    assert hosts.pause_left("other.example") == 0


def test_after_the_pause_one_probe_is_let_through(hosts: Hosts, clock: Clock) -> None:
    shut(hosts)
    clock.now += FIRST_PAUSE

    assert [hosts.admits(HOST) for _ in range(3)] == [True, False, False]
    assert hosts.pause_left(HOST) == 0


def test_a_probe_that_works_opens_the_host(hosts: Hosts, clock: Clock) -> None:
    shut(hosts)
    clock.now += FIRST_PAUSE
    hosts.admits(HOST)

    hosts.worked(HOST)

    assert [hosts.admits(HOST) for _ in range(3)] == [True] * 3


def test_a_probe_that_fails_shuts_it_for_longer_each_time(hosts: Hosts, clock: Clock) -> None:
    shut(hosts)
    pauses = []
    for _ in range(7):
        clock.now += hosts.pause_left(HOST)
        hosts.admits(HOST)
        hosts.failed(HOST)
        pauses.append(hosts.pause_left(HOST))

    assert pauses[:3] == [2 * FIRST_PAUSE, 4 * FIRST_PAUSE, 8 * FIRST_PAUSE]
    assert pauses[-1] == MAX_PAUSE


def test_failures_of_what_was_under_way_add_nothing(hosts: Hosts, clock: Clock) -> None:
    shut(hosts)
    clock.now += 1

    hosts.failed(HOST)

    assert hosts.pause_left(HOST) == FIRST_PAUSE - 1


def test_a_probe_that_never_ends_is_replaced(hosts: Hosts, clock: Clock) -> None:
    shut(hosts)
    clock.now += FIRST_PAUSE
    hosts.admits(HOST)

    clock.now += PROBE

    assert hosts.admits(HOST)


def test_a_host_may_ask_for_a_longer_pause(hosts: Hosts) -> None:
    for _ in range(MAX_FAILURES):
        hosts.failed(HOST, retry_after=900)

    assert hosts.pause_left(HOST) == 900
