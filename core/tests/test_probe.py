"""Checks that may hang, and their cached results."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.probe import Probe
from tests.support.waiting import wait_until

SHORT = 0.2


@dataclass
class Hanging:
    """A check that hangs until it is released."""

    may_return: threading.Event = field(default_factory=threading.Event)
    started: int = 0

    def __call__(self) -> str:
        self.started += 1
        self.may_return.wait()
        return "back"


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    check = Hanging()
    yield check
    check.may_return.set()


def broken() -> None:
    raise OSError("nfs.internal: stale file handle")


def test_each_check_s_result_is_returned() -> None:
    assert Probe({"one": lambda: 1, "two": lambda: 2}).results() == {"one": 1, "two": 2}


def test_an_error_of_a_check_gives_none() -> None:
    assert Probe({"good": lambda: 1, "bad": broken}).results() == {"good": 1, "bad": None}


def test_a_check_that_hangs_is_waited_for_until_the_timeout_only(hanging: Hanging) -> None:
    began = time.monotonic()

    found = Probe({"good": lambda: 1, "bad": hanging}, timeout=SHORT).results()

    assert found == {"good": 1, "bad": None}
    assert time.monotonic() - began < 10 * SHORT


def test_a_check_that_hangs_is_waited_for_once(hanging: Hanging) -> None:
    probe = Probe({"bad": hanging}, interval=0, timeout=SHORT)
    probe.results()
    began = time.monotonic()

    for _ in range(20):
        probe.results()

    assert hanging.started == 1
    assert time.monotonic() - began < SHORT


def test_a_check_that_recovered_is_used_again(hanging: Hanging) -> None:
    probe = Probe({"bad": hanging}, interval=0, timeout=SHORT)
    assert probe.results() == {"bad": None}
    hanging.may_return.set()

    wait_until(lambda: probe.results() == {"bad": "back"})


@given(callers=st.integers(min_value=1, max_value=8))
def test_callers_within_the_interval_share_one_run(callers: int) -> None:
    runs = itertools.count(1)
    probe = Probe({"runs": lambda: next(runs)}, interval=60)
    threads = [threading.Thread(target=probe.results) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert probe.results() == {"runs": 1}
