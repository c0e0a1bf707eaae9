"""The client against the simulated Core API: every endpoint, every form of failure, the bill."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import stamina
from django.core import serializers
from django.db.models import Sum
from pytest_django import Settings

from api_logs.models import APIRequestLog
from core.utils import errors, instagram_api
from lab.simulator.process import SimulatorProcess

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])

PROFILE = "plain.case"
FORMS = {
    "upstream_failed": errors.NotAvailable,
    "invalid_token": errors.Unauthorized,
    "no_balance": errors.NoCredit,
    "no_balance_403": errors.NoCredit,
    "no_scope": errors.Forbidden,
    "blocked": errors.Transient,
    "not_found": errors.BadRequest,
    "validation": errors.BadRequest,
    "rate_limited": errors.RateLimited,
    "server_error": errors.Transient,
    "server_error_flat": errors.Transient,
    "bad_gateway": errors.Transient,
    "unavailable": errors.Transient,
    "gateway_timeout": errors.Transient,
    "in_body_code": errors.NotAvailable,
    "in_body_execution_error": errors.NotAvailable,
    "in_body_status_false": errors.NotAvailable,
    "in_body_fail": errors.NotAvailable,
    "user_null": errors.NoSuchProfile,
    "data_null": errors.NotAvailable,
    "html_at_200": errors.Transient,
    "not_json": errors.Transient,
    "empty_body": errors.Transient,
}


@pytest.fixture
def simulator(
    simulator_process: SimulatorProcess, settings: Settings
) -> Iterator[SimulatorProcess]:
    settings.CORE_API_URL = simulator_process.core_api_url
    settings.CORE_API_TOKEN = simulator_process.token
    with stamina.set_testing(True, attempts=3):
        yield simulator_process
    simulator_process.control.reset()


def truth(simulator: SimulatorProcess) -> dict[str, Any]:
    return simulator.control.truth()[PROFILE]


def test_every_endpoint_answers(simulator: SimulatorProcess) -> None:
    facts = truth(simulator)

    for payload in (
        instagram_api.fetch_user_info_by_username(PROFILE),
        instagram_api.fetch_user_info_by_username_v2(PROFILE),
        instagram_api.fetch_user_info_by_user_id(facts["id"]),
        instagram_api.fetch_user_posts(facts["id"]),
        instagram_api.fetch_post_by_id(facts["posts"][0]["id"]),
        instagram_api.fetch_user_reels(facts["id"]),
        instagram_api.fetch_user_stories_by_username(PROFILE),
        instagram_api.fetch_user_highlights(facts["id"]),
        instagram_api.fetch_highlight_stories(facts["highlights"][0]["id"]),
    ):
        assert payload


def test_posts_are_paged_to_the_end(simulator: SimulatorProcess) -> None:
    facts = truth(simulator)
    seen: list[str] = []
    cursor = ""

    while True:
        page = instagram_api.fetch_user_posts(facts["id"], cursor, count=7)
        assert isinstance(page, dict)
        seen += [str(item["pk"]) for item in page["items"]]
        if not (cursor := page.get("next_max_id") or ""):
            break

    assert sorted(seen) == sorted(post["id"] for post in facts["posts"])


def test_the_log_agrees_with_the_bill(simulator: SimulatorProcess) -> None:
    simulator.control.add_fault("form", form="bad_gateway", times=1)
    simulator.control.add_fault("form", form="data_null", times=1)
    instagram_api.fetch_user_info_by_username(PROFILE)
    instagram_api.fetch_user_stories_by_username(PROFILE)

    bill = simulator.control.stats()["core_api"]

    assert APIRequestLog.objects.count() == bill["calls"]
    spent = APIRequestLog.objects.aggregate(spent=Sum("price"))["spent"]
    assert spent == Decimal(str(bill["price_usd"]))


@pytest.mark.slow
@pytest.mark.parametrize(("form", "error"), FORMS.items(), ids=list(FORMS))
def test_every_form_of_failure_is_the_decision_it_stands_for(
    simulator: SimulatorProcess, form: str, error: type[errors.CoreAPIError]
) -> None:
    simulator.control.add_fault("form", form=form)

    with pytest.raises(errors.CoreAPIError) as caught:
        instagram_api.fetch_user_posts("17")

    assert type(caught.value) is error


@pytest.mark.usefixtures("simulator")
def test_an_unknown_name_raises_no_such_profile() -> None:
    with pytest.raises(errors.NoSuchProfile):
        instagram_api.fetch_user_info_by_username("unknown.name")


def test_a_reset_connection_is_tried_again(simulator: SimulatorProcess) -> None:
    simulator.control.add_fault("reset", times=2)

    assert instagram_api.fetch_user_stories_by_username(PROFILE)
    assert APIRequestLog.objects.count() == 3


def test_neither_a_wrong_key_nor_an_address_of_a_cache_is_kept(
    simulator: SimulatorProcess, settings: Settings
) -> None:
    instagram_api.fetch_user_stories_by_username(PROFILE)
    settings.CORE_API_TOKEN = "a-wrong-key"
    with pytest.raises(errors.Unauthorized):
        instagram_api.fetch_user_stories_by_username(PROFILE)

    stored = serializers.serialize("json", APIRequestLog.objects.all())

    assert not any(leak in stored for leak in ("a-wrong-key", simulator.token, "sign=", "cache/"))
