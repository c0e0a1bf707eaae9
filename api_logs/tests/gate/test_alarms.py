"""A cause is told once, stops what cannot succeed, and ends when it is put right."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from api_logs import actions
from api_logs.models import Alarm, APIRequestLog, ProviderState
from core.utils import errors
from tests.support.planned_calls import attempt, in_threads, make

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])

REFUSED = errors.Unauthorized("the token is wrong or expired")
LACKING = errors.Forbidden("the token lacks the scope")


def refused(error: errors.CoreAPIError = REFUSED, **provider: Any) -> None:
    with pytest.raises(type(error)):
        make(attempt(**provider), status=401, error=error)


@pytest.mark.slow
def test_many_workers_that_fail_for_one_cause_raise_one_alarm(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> None:
        make(attempt(), status=422, error=errors.BadRequest("the parameters were refused"))

    in_threads(20, fail)

    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.endpoint, alarm.occurrences) == ("BadRequest", "user_posts", 20)
    assert [record.levelname for record in caplog.records] == ["ERROR"]


@pytest.mark.parametrize("error", [REFUSED, errors.NoCredit("no balance")])
def test_a_refused_account_stops_every_endpoint_of_the_provider(
    error: errors.CoreAPIError,
) -> None:
    refused(error)

    with pytest.raises(errors.CallsStopped, match=str(error)) as caught:
        make(attempt("user_stories"))

    assert caught.value.retry_after > 0
    assert APIRequestLog.objects.count() == 1


def test_another_provider_goes_on() -> None:
    refused()

    make(attempt(name="second"))

    assert APIRequestLog.objects.filter(provider="second", state="completed").exists()


def test_a_new_token_lets_calls_through_and_resolves_the_alarm() -> None:
    refused()

    make(attempt(token="fresh"))

    assert Alarm.objects.get().resolved_by == "a new address or token"


def test_a_new_token_that_is_refused_too_raises_a_new_alarm() -> None:
    refused()

    refused(token="fresh")

    assert Alarm.objects.count() == 2
    assert Alarm.objects.open().get().occurrences == 1


def test_staff_lets_calls_through_again() -> None:
    refused()

    assert actions.resolve(Alarm.objects.all(), by="staff@example.org", now=timezone.now()) == 1

    make(attempt())
    assert Alarm.objects.get().resolved_by == "staff@example.org"


def test_what_is_resolved_stays_as_it_was_resolved() -> None:
    refused()
    actions.resolve(Alarm.objects.all(), by="first@example.org", now=timezone.now())

    assert actions.resolve(Alarm.objects.all(), by="second@example.org", now=timezone.now()) == 0


def test_a_missing_scope_stops_its_endpoint_alone() -> None:
    refused(LACKING)

    with pytest.raises(errors.Forbidden, match="stopped since"):
        make(attempt())
    make(attempt("user_stories"))

    assert APIRequestLog.objects.count() == 2


def test_a_wrong_request_is_told_and_stops_nothing() -> None:
    refused(errors.BadRequest("no such endpoint"))

    make(attempt())

    assert Alarm.objects.open().get().kind == "BadRequest"


@pytest.mark.parametrize("error", [errors.NotAvailable("x"), errors.NoSuchProfile("x")])
def test_what_says_nothing_of_the_account_raises_no_alarm(error: errors.CoreAPIError) -> None:
    refused(error)

    assert not Alarm.objects.exists()


def test_calls_under_way_when_the_alarm_is_raised_are_counted() -> None:
    def fail() -> None:
        make(attempt(), status=401, error=REFUSED)

    results = in_threads(10, fail)

    sent = APIRequestLog.objects.count()
    assert Alarm.objects.get().occurrences == sent
    assert len(results) - sent == sum(isinstance(each, errors.CallsStopped) for each in results)


def test_after_a_clock_that_was_a_day_ahead_the_next_call_goes_out_and_staff_are_told() -> None:
    make(attempt())
    tomorrow = timezone.now() + timedelta(days=1)
    ProviderState.objects.update(next_slot_at=tomorrow, open_until=tomorrow)

    make(attempt())

    assert APIRequestLog.objects.filter(state="completed").count() == 2
    assert Alarm.objects.get().kind == Alarm.Kind.CLOCK_AHEAD


def test_a_clock_that_was_ahead_stops_no_call_afterwards() -> None:
    make(attempt())
    ProviderState.objects.update(next_slot_at=timezone.now() + timedelta(days=1))

    for _ in range(3):
        make(attempt())

    assert Alarm.objects.get().occurrences == 1
