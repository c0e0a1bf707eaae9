"""What was spent, for staff alone, also when the log of the calls is gone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from api_logs.costs import TOP_TARGETS, Cost, DayCost, costs
from api_logs.models import APIRequestLog, Spending
from core.users.models import Account
from settings.models import CoreAPISetting

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
COSTS = "/instagram/costs/"


def call(endpoint: str, target: str, price: str, *, days_ago: int = 0) -> None:
    APIRequestLog.objects.create(
        endpoint=endpoint,
        target=target,
        price=Decimal(price),
        started_at=NOW - timedelta(days=days_ago),
    )


def day(days_ago: int, calls: int, spent: str) -> None:
    moment = NOW - timedelta(days=days_ago)
    Spending.objects.create(day=moment.date(), calls=calls, spent=Decimal(spent))


def said(*arguments: str) -> str:
    output = StringIO()
    with time_machine.travel(NOW, tick=False):
        call_command("costs", *arguments, stdout=output)
    return output.getvalue()


@pytest.fixture
def of_staff(api: APIClient, staff: Account) -> APIClient:
    api.force_authenticate(staff)
    return api


def test_days_are_counted_back_from_today() -> None:
    day(0, 2, "0.002")
    day(6, 3, "0.003")
    day(7, 4, "0.004")

    report = costs(days=7, now=NOW)

    assert [(each.day.day, each.calls) for each in report.days] == [(10, 2), (4, 3)]
    assert report.today == DayCost(NOW.date(), 2, Decimal("0.0020"))


def test_a_day_without_calls_has_cost_nothing() -> None:
    assert costs(days=1, now=NOW).today == DayCost(NOW.date(), 0, Decimal(0))


def test_what_the_log_has_forgotten_is_still_in_the_days() -> None:
    day(60, 9, "0.009")

    report = costs(days=90, now=NOW)

    assert report.days[0].cost == Decimal("0.0090")
    assert report.endpoints == ()


def test_endpoints_come_with_the_dearest_first() -> None:
    call("user_posts", "17", "0.001")
    call("user_stories", "mara", "0.002")
    call("user_stories", "mara", "0.002")
    call("user_posts", "17", "0.001", days_ago=2)

    assert costs(days=2, now=NOW).endpoints == (
        Cost("user_stories", 2, Decimal("0.0040")),
        Cost("user_posts", 1, Decimal("0.0010")),
    )


def test_the_dearest_targets_are_named_and_no_others() -> None:
    for number in range(TOP_TARGETS + 5):
        call("user_posts", str(number), "0.001")
    call("user_posts", "dear", "1")

    targets = costs(days=1, now=NOW).targets

    assert targets[0].name == "dear"
    assert len(targets) == TOP_TARGETS


def test_a_report_takes_four_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    day(0, 1, "0.001")

    with django_assert_num_queries(4):
        costs(days=7, now=NOW)


def test_the_command_shows_today_against_the_caps() -> None:
    CoreAPISetting(soft_cap=Decimal(1), hard_cap=Decimal(2), calls_stopped=True).save()
    day(0, 12, "0.0125")
    call("user_posts", "17", "0.001")

    text = said()

    assert "today     0.0125 USD of soft cap 1.0000 USD, hard cap 2.0000 USD" in text
    assert "user_posts                               1      0.0010" in text
    assert "forecast  0.0000 USD for 0 calls" in text
    assert "All calls are stopped." in text


def test_without_a_cap_the_command_says_so() -> None:
    assert "no cap is set" in said()


def test_the_command_prints_what_the_api_answers(of_staff: APIClient) -> None:
    day(1, 2, "0.002")
    call("user_posts", "17", "0.001")

    with time_machine.travel(NOW, tick=False):
        answer = of_staff.get(COSTS, {"days": 3}).json()

    assert json.loads(said("--days", "3", "--json")) == answer
    assert answer["days"] == [{"day": "2026-03-09", "calls": 2, "cost": "0.0020"}]


@pytest.mark.parametrize("text", ["0", "-1", "x", "3661", ""])
def test_the_command_refuses_what_is_no_number_of_days(text: str) -> None:
    with pytest.raises(CommandError):
        said(f"--days={text}")


@pytest.mark.parametrize("days", ["0", "367", "x"])
def test_the_api_refuses_what_is_no_number_of_days(of_staff: APIClient, days: str) -> None:
    assert of_staff.get(COSTS, {"days": days}).status_code == 400


def test_costs_are_not_for_everybody(signed_in: APIClient) -> None:
    assert signed_in.get(COSTS).status_code == 403


def test_costs_are_not_for_strangers(api: APIClient) -> None:
    assert api.get(COSTS).status_code == 401


def test_a_cap_that_is_not_set_is_null(of_staff: APIClient) -> None:
    limits: dict[str, Any] = of_staff.get(COSTS).json()["limits"]

    assert limits == {"calls_stopped": False, "soft_cap": None, "hard_cap": None}
