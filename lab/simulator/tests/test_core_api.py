"""The transport: envelope, errors, prices."""

from __future__ import annotations

import pytest

from lab.simulator.endpoints import ENDPOINTS
from lab.simulator.envelope import FORMS
from lab.simulator.process import SimulatorProcess
from tests.support.simulator_calls import Answer, Caller, fetch

ENVELOPE = {
    "code", "request_id", "message", "message_zh", "support", "time", "time_stamp", "time_zone",
    "docs", "cache_message", "cache_message_zh", "cache_url", "router", "params", "data",
}  # fmt: skip
USER = "v1/fetch_user_info_by_username"


def test_a_success_has_every_field_of_the_envelope(api: Caller) -> None:
    body = api.get(USER, username="plain.case").json

    assert set(body) == ENVELOPE
    assert (body["code"], body["params"]) == (200, {"username": "plain.case"})
    assert "?sign=" in body["cache_url"]


def test_parameters_are_repeated_as_text(api: Caller) -> None:
    body = api.get("v3/get_user_posts", username="plain.case", count=3).json

    assert body["params"]["count"] == "3"


def test_the_request_id_is_in_the_header_too(api: Caller) -> None:
    answer = api.get(USER, username="plain.case")

    assert answer.headers["x-request-id"] == answer.json["request_id"]


def test_a_wrong_token_is_refused_and_echoed(simulator: SimulatorProcess) -> None:
    answer = Caller(simulator.core_api_url, "not-the-key").get(USER, username="plain.case")

    assert answer.status == 401
    assert "not-the-key" in answer.json["detail"]["message_zh"]


def test_the_token_may_come_as_a_cookie(simulator: SimulatorProcess) -> None:
    url = f"{simulator.core_api_url}/api/v1/instagram/{USER}?username=plain.case"

    assert fetch(url, Cookie=f"Authorization=Bearer {simulator.token}").status == 200


def test_a_missing_parameter_is_named(api: Caller) -> None:
    answer = api.get("v1/fetch_user_posts")

    assert answer.status == 422
    assert answer.json["detail"][0]["loc"] == ["query", "user_id"]


@pytest.mark.parametrize("count", ["51", "0", "-1", "many", ""])
def test_a_count_outside_1_to_50_is_refused(api: Caller, count: str) -> None:
    assert api.get("v1/fetch_user_posts", user_id="1", count=count).status == 422


def test_neither_name_nor_id_is_an_upstream_failure(api: Caller) -> None:
    assert api.get("v2/fetch_user_stories").status == 400


def test_an_unknown_path_is_not_found(api: Caller) -> None:
    answer = api.get("v1/fetch_everything")

    assert (answer.status, answer.json) == (404, {"detail": "Not Found"})


def test_the_health_check_needs_no_token(simulator: SimulatorProcess) -> None:
    answer = fetch(f"{simulator.core_api_url}/api/v1/health/check")

    assert (answer.status, answer.json) == (200, {"status": "ok"})


def test_an_invalid_cursor_is_an_upstream_failure(api: Caller) -> None:
    answer = api.get("v3/get_user_posts", username="plain.case", after="not a cursor")

    assert answer.status == 400


def test_only_successes_are_charged(simulator: SimulatorProcess, api: Caller) -> None:
    api.get(USER, username="plain.case")
    api.get("v2/fetch_user_stories", username="plain.case")
    api.get("v1/fetch_user_posts", user_id="12345")

    counts = simulator.control.stats()["core_api"]

    assert (counts["calls"], counts["charged"], counts["price_usd"]) == (3, 2, 0.003)


def test_calls_are_counted_per_endpoint_and_target(
    simulator: SimulatorProcess, api: Caller
) -> None:
    for username in ("plain.case", "plain.case", "empty.case"):
        api.get(USER, username=username)

    counted = simulator.control.stats()["core_api"]["by_endpoint"][f"/api/v1/instagram/{USER}"]

    assert counted["by_target"] == {"plain.case": 2, "empty.case": 1}


@pytest.mark.parametrize("family", ["v1", "v2", "v3", "web_app"])
def test_prices_are_those_of_the_family(family: str) -> None:
    prices = {
        endpoint.price for path, endpoint in ENDPOINTS.items() if path.split("/")[-2] == family
    }

    assert prices == {2 if family in ("v2", "v3") else 1}


STATUSES = {
    "upstream_failed": 400, "invalid_token": 401, "no_balance": 402, "no_scope": 403,
    "no_balance_403": 403, "blocked": 403, "not_found": 404, "validation": 422,
    "rate_limited": 429, "server_error": 500, "server_error_flat": 500, "bad_gateway": 502,
    "unavailable": 503, "gateway_timeout": 504, "in_body_code": 200,
    "in_body_execution_error": 200, "in_body_status_false": 200, "in_body_fail": 200,
    "user_null": 200, "data_null": 200, "html_at_200": 200, "not_json": 200, "empty_body": 200,
}  # fmt: skip


def test_every_form_of_failure_has_its_status(simulator: SimulatorProcess, api: Caller) -> None:
    for form in FORMS:
        simulator.control.add_fault("form", form=form, times=1)

    assert {form: api.get(USER, username="plain.case").status for form in FORMS} == STATUSES


def failure(simulator: SimulatorProcess, api: Caller, form: str) -> Answer:
    simulator.control.add_fault("form", form=form)
    return api.get(USER, username="plain.case")


def test_a_rate_limit_has_a_retry_after(simulator: SimulatorProcess, api: Caller) -> None:
    assert failure(simulator, api, "rate_limited").headers["Retry-After"] == "1"


def test_the_block_page_s_detail_is_a_text(simulator: SimulatorProcess, api: Caller) -> None:
    body = failure(simulator, api, "blocked").json

    assert (body["error_code"], body["detail"]) == (1010, "The site owner has blocked access")


def test_a_gateway_answers_in_html(simulator: SimulatorProcess, api: Caller) -> None:
    answer = failure(simulator, api, "bad_gateway")

    assert answer.headers["Content-Type"] == "text/html"
    assert answer.body.startswith(b"<html>")


def test_a_failure_can_hide_in_a_success(simulator: SimulatorProcess, api: Caller) -> None:
    body = failure(simulator, api, "in_body_execution_error").json

    assert body["code"] == 200
    assert body["data"] == {"code": 400, "message": "execution error", "data": None}


def test_a_failure_at_200_is_charged(simulator: SimulatorProcess, api: Caller) -> None:
    failure(simulator, api, "in_body_code")

    assert simulator.control.stats()["core_api"]["charged"] == 1
