"""The door before the Core API: one pace for all, urgent calls first, dead providers not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.db import connection, connections
from django.utils import timezone
from psycopg.conninfo import make_conninfo
from pytest_django import DjangoAssertNumQueries

from api_logs.connection import short_transaction
from api_logs.gate import admission
from api_logs.gate.providers import FAILURES_TO_OPEN
from api_logs.gate.urgency import urgent
from api_logs.models import APIRequestLog, ProviderState, Spending
from core.utils import errors
from settings.current import CallLimits
from settings.models import CoreAPISetting
from tests.support.planned_calls import PRICE, attempt, in_threads, make
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])

LOST = errors.Transient("the connection was lost")
NOON = datetime.fromisoformat("2026-03-01T12:00:00Z")


def fails(error: errors.CoreAPIError = LOST, *, status: int = 502, **provider: Any) -> None:
    with pytest.raises(type(error)):
        make(attempt(**provider), status=status, error=error)


def slots() -> list[datetime]:
    """When the calls went out."""
    return sorted(APIRequestLog.objects.values_list("started_at", flat=True))


def test_the_kill_switch_sends_nothing_and_leaves_no_trace() -> None:
    CoreAPISetting(calls_stopped=True).save()

    with urgent(), pytest.raises(errors.CallsStopped, match="Staff has stopped") as caught:
        make(attempt())

    assert caught.value.retry_after > 0
    assert not APIRequestLog.objects.exists()
    assert not Spending.objects.exists()


def test_the_kill_switch_holds_for_a_call_that_waits_for_its_slot() -> None:
    make(attempt(requests_per_second=1.0))
    waiting = threading.Thread(target=in_threads, args=(1, partial(make, attempt())))
    ProviderState.objects.update(next_slot_at=timezone.now() + timedelta(seconds=3))
    waiting.start()

    CoreAPISetting(calls_stopped=True).save()

    waiting.join()
    assert APIRequestLog.objects.count() == 1


@pytest.mark.slow
def test_all_workers_share_one_pace() -> None:
    CoreAPISetting(requests_per_second=20).save()

    in_threads(30, partial(make, attempt(requests_per_second=20.0)))

    taken = slots()
    assert len(taken) == 30
    for first in taken:
        # 20 of a burst and 20 of the second
        assert sum(first <= slot < first + timedelta(seconds=1) for slot in taken) <= 40
    assert taken[-1] - taken[0] >= timedelta(seconds=0.5)


def test_each_provider_has_a_pace_of_its_own() -> None:
    make(attempt(requests_per_second=0.1))

    make(attempt(requests_per_second=0.1, name="second"))

    assert APIRequestLog.objects.count() == 2


@pytest.mark.slow
def test_a_429_slows_all_workers() -> None:
    fails(errors.RateLimited("HTTP 429", retry_after=2.0), status=429)
    told = timezone.now()

    in_threads(3, partial(make, attempt()))

    assert min(slots()[1:]) >= told + timedelta(seconds=1.5)


def test_a_long_pause_is_left_to_the_caller_of_any_worker() -> None:
    fails(errors.RateLimited("HTTP 429", retry_after=60.0), status=429)

    with pytest.raises(errors.NoFreeSlot) as caught:
        make(attempt())

    assert caught.value.retry_after == pytest.approx(60, abs=5)
    assert APIRequestLog.objects.count() == 1


def test_a_pace_that_is_used_up_says_when_the_next_call_may_go_out() -> None:
    make(attempt(requests_per_second=0.05))

    with pytest.raises(errors.NoFreeSlot) as caught:
        make(attempt(requests_per_second=0.05))

    assert caught.value.retry_after == pytest.approx(20, abs=5)
    assert APIRequestLog.objects.count() == 1


def test_who_has_waited_in_vain_stands_back_for_longer_than_a_slot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(admission, "PATIENCE", 0.0)
    make(attempt(requests_per_second=0.5))

    with pytest.raises(errors.NoFreeSlot) as caught:
        make(attempt(requests_per_second=0.5))

    assert caught.value.retry_after == admission.STAND_BACK


def test_a_429_without_a_pause_slows_all_workers_too() -> None:
    fails(errors.RateLimited("HTTP 429"), status=429)

    assert ProviderState.objects.get().next_slot_at > timezone.now() + timedelta(seconds=0.5)


@pytest.mark.slow
def test_an_urgent_call_goes_before_those_that_wait() -> None:
    slow = attempt(requests_per_second=4.0)
    in_threads(4, partial(make, slow))  # the burst is used up
    crowd = threading.Thread(target=in_threads, args=(12, partial(make, slow)))
    crowd.start()
    wait_until(lambda: APIRequestLog.objects.count() > 4)

    with urgent():
        make(attempt("user_stories", requests_per_second=4.0))

    crowd.join()
    order = APIRequestLog.objects.order_by("started_at").values_list("endpoint", flat=True)
    # 4 of the burst, and at most those that had a slot within half a second
    assert list(order).index("user_stories") <= 9
    assert len(order) == 17


def test_a_crowd_that_is_not_urgent_never_reserves_far_ahead() -> None:
    planned = attempt(requests_per_second=10.0)

    answers = [admission._decide(planned, CallLimits()) for _ in range(60)]

    latest = timezone.now() + timedelta(seconds=1.7)  # AHEAD, BURST and the call itself
    assert ProviderState.objects.get().next_slot_at <= latest
    assert all(isinstance(each, admission.Admission | admission.NotYet) for each in answers)


def test_a_provider_without_answers_is_left_alone_for_a_while() -> None:
    for _ in range(FAILURES_TO_OPEN):
        fails()

    with pytest.raises(errors.Transient) as caught:
        make(attempt())

    assert caught.value.retry_after == pytest.approx(30, abs=10)
    assert APIRequestLog.objects.count() == FAILURES_TO_OPEN


def test_an_answer_in_between_keeps_the_breaker_closed() -> None:
    for _ in range(FAILURES_TO_OPEN - 1):
        fails()
    fails(errors.NotAvailable("an answer, if no useful one"), status=400)
    fails()

    make(attempt())

    assert ProviderState.objects.get().failures == 0


def test_a_probe_that_is_answered_closes_the_breaker() -> None:
    with time_machine.travel(NOON, tick=False):
        for _ in range(FAILURES_TO_OPEN):
            fails()

    with time_machine.travel(NOON + timedelta(seconds=31), tick=False):
        with admission.admitted(attempt()) as outcome:
            with pytest.raises(errors.Transient, match="no answer"):
                make(attempt())  # one probe at a time
            outcome.http_status = 200
        make(attempt())

    assert ProviderState.objects.get().open_until is None


def test_a_probe_that_fails_makes_the_break_longer() -> None:
    with time_machine.travel(NOON, tick=False):
        for _ in range(FAILURES_TO_OPEN):
            fails()

    with time_machine.travel(NOON + timedelta(seconds=31), tick=False):
        fails()
        with pytest.raises(errors.Transient) as caught:
            make(attempt())

    assert caught.value.retry_after == 60


def test_an_interrupted_call_says_nothing_of_the_provider() -> None:
    for _ in range(FAILURES_TO_OPEN - 1):
        fails()

    with pytest.raises(KeyboardInterrupt), admission.admitted(attempt()):
        raise KeyboardInterrupt

    assert ProviderState.objects.get().failures == FAILURES_TO_OPEN - 1


def test_a_call_costs_two_transactions() -> None:
    make(attempt())
    log = connections["api_log"]
    log.force_debug_cursor = True
    try:
        before = len(log.queries_log)
        make(attempt())
        verbs = [query["sql"].split()[0] for query in list(log.queries_log)[before:]]
    finally:
        log.force_debug_cursor = False

    assert verbs == [
        *("BEGIN", "SET", "SELECT", "SELECT", "UPDATE", "UPDATE", "INSERT", "COMMIT"),
        *("BEGIN", "SET", "UPDATE", "UPDATE", "COMMIT"),
    ]


def test_settings_are_read_twice_for_a_call(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    make(attempt())

    with django_assert_num_queries(2):  # the limits, and how much of the body is kept
        make(attempt())


KILLED = """
import os, django
django.setup()
from tests.support.planned_calls import attempt
from api_logs.gate import admission
with admission.admitted(attempt()):
    os.kill(os.getpid(), 9)
"""


@pytest.mark.slow
def test_a_killed_call_keeps_its_price_and_its_row() -> None:
    database = connection.settings_dict
    address = make_conninfo(
        dbname=database["NAME"],
        user=database["USER"],
        password=database["PASSWORD"] or None,
        host=database["HOST"] or None,
        port=database["PORT"] or None,
    )

    child = subprocess.run(  # noqa: S603  our own interpreter and script
        [sys.executable, "-c", KILLED], env=os.environ | {"DATABASE_URL": address}, check=False
    )

    assert child.returncode == -signal.SIGKILL
    assert APIRequestLog.objects.get().state == "started"
    assert Spending.objects.get().spent == PRICE


def test_a_worker_that_hangs_in_a_decision_loses_its_lock() -> None:
    with short_transaction(), connections["api_log"].cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")

        assert cursor.fetchone() == ("10s",)
