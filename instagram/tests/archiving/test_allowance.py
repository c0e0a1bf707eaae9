"""The streams that may be polled, by the budget and the alarms of the providers."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from api_logs.models import Alarm, Spending
from instagram.archiving import schedule
from instagram.models import RunStream
from settings import current
from settings.models import CoreAPISetting, FallbackCoreAPI

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("configured")]

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALL = tuple(RunStream.Name)


def allowed() -> tuple[str, ...]:
    return schedule.affordable_streams(now=NOW)


def limits(**values: object) -> None:
    CoreAPISetting(**values).save()


def spent(amount: str) -> None:
    Spending.objects.create(day=NOW.date(), spent=Decimal(amount))


def refused(kind: Alarm.Kind, endpoint: str = "", *, by: int = 0) -> None:
    """An open alarm of one of the providers."""
    provider = current.core_apis()[by]
    Alarm.objects.create(
        kind=kind,
        provider=provider.name,
        endpoint=endpoint,
        fingerprint=provider.fingerprint,
        first_at=NOW,
        last_at=NOW,
    )


def test_without_caps_everything_is_polled(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    spent("1000")

    with django_assert_num_queries(5):
        assert allowed() == ALL


def test_nothing_is_polled_while_staff_has_stopped_all_calls() -> None:
    limits(calls_stopped=True)

    assert allowed() == ()


@pytest.mark.parametrize(
    ("amount", "streams"), [("0.9", ALL), ("1", ("stories",)), ("1.9", ("stories",)), ("2", ())]
)
def test_the_caps_leave_stories_first_and_nothing_then(
    amount: str, streams: tuple[str, ...]
) -> None:
    limits(soft_cap=Decimal(1), hard_cap=Decimal(2))
    spent(amount)

    assert allowed() == streams


def test_another_day_has_a_purse_of_its_own() -> None:
    limits(hard_cap=Decimal(1))
    Spending.objects.create(day=datetime(2026, 2, 28, tzinfo=UTC).date(), spent=Decimal(1))

    assert allowed() == ALL


@pytest.mark.parametrize("kind", [Alarm.Kind.UNAUTHORIZED, Alarm.Kind.NO_CREDIT])
def test_nothing_is_polled_while_the_only_provider_refuses(kind: Alarm.Kind) -> None:
    refused(kind)

    assert allowed() == ()


def test_a_new_token_ends_the_refusal() -> None:
    refused(Alarm.Kind.UNAUTHORIZED)
    limits(token="another")

    assert allowed() == ALL


def test_a_refused_endpoint_stops_no_other() -> None:
    refused(Alarm.Kind.FORBIDDEN, "user_posts")

    assert allowed() == ALL


def test_one_provider_that_answers_is_enough() -> None:
    FallbackCoreAPI.objects.create(
        name="second",
        base_url="https://second.example",
        token="made-up",
    )
    refused(Alarm.Kind.NO_CREDIT)

    assert allowed() == ALL
    refused(Alarm.Kind.NO_CREDIT, by=1)
    assert allowed() == ()
