"""No call is made that could exceed a cap, however many workers ask at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import count

import pytest
import time_machine

from api_logs.gate import admission
from api_logs.gate.urgency import urgent
from api_logs.models import Alarm, APIRequestLog, Spending
from core.utils import errors
from settings.models import CoreAPISetting
from tests.support.planned_calls import PRICE, attempt, in_threads, make

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def caps(*, soft: str | None = None, hard: str | None = None) -> None:
    CoreAPISetting(
        soft_cap=None if soft is None else Decimal(soft),
        hard_cap=None if hard is None else Decimal(hard),
    ).save()


def spent() -> Decimal:
    return Spending.objects.get().spent


@pytest.mark.slow
def test_fifty_workers_make_as_many_calls_as_the_cap_allows() -> None:
    # Each with a provider of its own, whose lock would otherwise let one worker in at a time.
    caps(hard="0.0205")
    numbers = count()

    results = in_threads(50, lambda: make(attempt(name=f"provider {next(numbers)}")))

    assert results.count(None) == 20
    assert spent() == Decimal("0.0200")
    assert APIRequestLog.objects.count() == 20
    assert {type(each) for each in results} == {type(None), errors.BudgetExhausted}


def test_the_cap_itself_may_be_spent() -> None:
    caps(hard="0.001")

    make(attempt())

    with pytest.raises(errors.BudgetExhausted, match="hard cap"):
        make(attempt())


def test_a_cap_of_zero_lets_nothing_through() -> None:
    caps(hard="0")

    with pytest.raises(errors.BudgetExhausted):
        make(attempt())


@time_machine.travel(NOON, tick=False)
def test_a_refusal_says_when_the_next_day_begins() -> None:
    caps(hard="0")

    with pytest.raises(errors.BudgetExhausted) as caught:
        make(attempt())

    assert caught.value.retry_after == timedelta(hours=12).total_seconds()


def test_a_new_budget_begins_at_midnight_of_utc() -> None:
    caps(hard="0.001")
    with time_machine.travel(datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC), tick=False):
        make(attempt())

    with time_machine.travel(datetime(2026, 3, 2, tzinfo=UTC), tick=False):
        make(attempt())

    assert dict(Spending.objects.values_list("day", "spent")) == {
        date(2026, 3, 1): PRICE,
        date(2026, 3, 2): PRICE,
    }


def test_a_free_call_that_crosses_midnight_is_refunded_to_its_day() -> None:
    late = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)

    with time_machine.travel(late, tick=False) as clock, admission.admitted(attempt()) as outcome:
        clock.shift(5)
        outcome.http_status = 400

    row = Spending.objects.get()
    assert (row.day, row.spent, row.calls) == (late.date(), Decimal(0), 1)


def test_a_call_that_was_free_leaves_its_price_to_others() -> None:
    caps(hard="0.001")
    with pytest.raises(errors.NotAvailable):
        make(attempt(), status=400, error=errors.NotAvailable("nothing"))

    make(attempt())

    assert spent() == PRICE


def test_an_interrupted_call_keeps_its_price() -> None:
    with pytest.raises(KeyboardInterrupt), admission.admitted(attempt()):
        raise KeyboardInterrupt

    assert spent() == PRICE


def test_above_the_soft_cap_only_urgent_calls_go_out() -> None:
    caps(soft="0.001", hard="0.002")
    make(attempt())

    with pytest.raises(errors.BudgetExhausted, match="soft cap"):
        make(attempt())
    with urgent():
        make(attempt())

    assert spent() == 2 * PRICE


def test_above_the_hard_cap_no_urgent_call_goes_out() -> None:
    caps(soft="0", hard="0")

    with urgent(), pytest.raises(errors.BudgetExhausted, match="hard cap"):
        make(attempt())


@pytest.mark.slow
def test_a_cap_is_told_once_a_day_by_many_workers() -> None:
    caps(hard="0")

    in_threads(20, partial(make, attempt()))

    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.provider, alarm.occurrences) == ("HardCap", "", 1)


def test_an_alarm_of_a_cap_that_staff_resolved_comes_back_on_the_next_day_only() -> None:
    caps(hard="0")
    for hours, alarms in ((0, 1), (1, 1), (24, 2)):
        with (
            time_machine.travel(NOON + timedelta(hours=hours), tick=False),
            pytest.raises(errors.BudgetExhausted),
        ):
            make(attempt())
        Alarm.objects.open().update(resolved_at=NOON)

        assert Alarm.objects.count() == alarms


def test_a_refused_call_takes_no_slot_and_leaves_no_row() -> None:
    caps(hard="0")
    slow = attempt(requests_per_second=0.01)

    for _ in range(3):
        with pytest.raises(errors.BudgetExhausted):
            make(slow)

    assert not APIRequestLog.objects.exists()
