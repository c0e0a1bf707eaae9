"""Several providers: the order in which they are called, and the error that callers get."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
import stamina
import time_machine
from cryptography.fernet import Fernet
from django.utils import timezone
from pytest_django import Settings

from api_logs.gate.providers import FAILURES_TO_OPEN
from api_logs.models import Alarm, APIRequestLog, ProviderState
from core.utils import errors, instagram_api
from core.utils.answers import Payload
from core.utils.core_api import Endpoint, make_request
from lab.simulator.process import SimulatorProcess, start
from settings.models import CoreAPISetting, FallbackCoreAPI
from tests.support import odd_server
from tests.support.odd_server import OddServer, Reply, answering

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])

ENDPOINT = Endpoint("user_posts", "/api/v1/instagram/v1/fetch_user_posts", Decimal("0.001"))
FINE = answering('{"code": 200, "data": {"items": []}}')
BROKEN = answering("<html>", 502)
BUSY = answering('{"detail": {"code": 429}}', 429, Retry_After="600")
REFUSED = answering('{"detail": {"code": 401}}', 401)
POOR = answering('{"detail": {"code": 402}}', 402)
UNSCOPED = answering('{"detail": {"code": 403}}', 403)
MISSED = answering('{"detail": {"code": 400}}', 400)
NO_SUCH_USER = answering('{"code": 200, "data": {"user": null}}')
PRIVATE = answering('{"status": "fail", "message": "Not authorized to view user"}', 400)
PRIVATE_INSIDE = answering(
    '{"code": 200, "data": {"status": "fail", "message": "Not authorized to view user"}}'
)
ODD = answering('{"code": 200, "data": 7}')
PARKED = answering("", 302, Location="https://parked.example/")
MOVED_FOR_GOOD = answering("", 301, Location="https://elsewhere.example/")
NO_ROUTE = answering('{"detail": "Not Found"}', 404)
GATEWAY_WITHOUT_ROUTE = answering('{"message": "no Route matched with those values"}', 404)
NO_METHOD = answering('{"detail": "Method Not Allowed"}', 405)
OTHER_RULES = answering('{"detail": [{"loc": ["query", "user_id"], "msg": "odd"}]}', 422)
GONE = answering('{"detail": {"code": 404, "message": "Not found"}}', 404)
FAILURE_INSIDE = answering('{"code": 400, "message": "Request failed."}')
PAGE = answering("<!DOCTYPE html><h1>Domain for sale</h1>")
MAINTENANCE = answering('{"message": "maintenance"}')
GREETING = answering('["hello"]')
BOTTOMLESS = answering('{"data": ' + "[" * 100_000)


@pytest.fixture
def second(server: OddServer) -> Iterator[OddServer]:
    """A second provider, called if `server` cannot answer."""
    with odd_server.odd_server() as running:
        running.will(FINE)
        fallback("second", running.url, token="sesame")
        yield running


def fallback(name: str, url: str, *, token: str) -> None:
    FallbackCoreAPI.objects.create(name=name, base_url=url, token=token)


def call() -> Payload:
    return make_request(ENDPOINT, {"user_id": "1"}, target="1")


def providers() -> list[str]:
    """The providers in the order of their calls."""
    return list(APIRequestLog.objects.order_by("pk").values_list("provider", flat=True))


REFUSALS = [BROKEN, BUSY, REFUSED, POOR, UNSCOPED, MISSED, GONE, FAILURE_INSIDE]
NO_CORE_API = [PARKED, MOVED_FOR_GOOD, PAGE, MAINTENANCE, GREETING]
OF_THE_ENDPOINT = [NO_ROUTE, GATEWAY_WITHOUT_ROUTE, NO_METHOD, OTHER_RULES, ODD, BOTTOMLESS]


@pytest.mark.parametrize("refusal", [*REFUSALS, *NO_CORE_API, *OF_THE_ENDPOINT])
def test_the_second_provider_is_called_if_the_first_cannot_answer(
    server: OddServer, second: OddServer, refusal: Reply
) -> None:
    server.will(refusal)

    assert call() == {"items": []}
    assert second.tokens == ["Bearer sesame"]


@pytest.mark.parametrize("answer", [NO_SUCH_USER, PRIVATE, PRIVATE_INSIDE])
def test_a_final_answer_about_a_profile_is_not_requested_twice(
    server: OddServer, second: OddServer, answer: Reply
) -> None:
    server.will(answer)

    with pytest.raises(errors.CoreAPIError):
        call()
    assert second.requests == []


def test_while_the_first_provider_answers_no_other_is_called(
    server: OddServer, second: OddServer
) -> None:
    server.will(FINE)

    call()

    assert second.requests == []


@pytest.mark.slow
def test_a_dead_provider_is_not_called_every_time(server: OddServer, second: OddServer) -> None:
    server.will(BROKEN)

    for _ in range(4):
        call()

    assert providers() == [*["primary"] * 3, "second", *["primary"] * 2, *["second"] * 3]


@pytest.mark.slow
@pytest.mark.parametrize("answer", NO_CORE_API)
def test_a_provider_whose_host_serves_something_else_is_paused(
    server: OddServer, second: OddServer, answer: Reply
) -> None:
    server.will(answer)
    for _ in range(FAILURES_TO_OPEN):
        call()
    before = len(server.requests)

    call()

    assert before == len(server.requests) == FAILURES_TO_OPEN
    assert providers()[-1] == "second"


@pytest.mark.slow
@pytest.mark.parametrize("answer", OF_THE_ENDPOINT)
def test_an_error_of_one_endpoint_does_not_pause_the_provider(
    server: OddServer, second: OddServer, answer: Reply
) -> None:
    server.will(*[answer] * 2 * FAILURES_TO_OPEN, FINE)
    for _ in range(2 * FAILURES_TO_OPEN):
        call()

    call()

    assert providers()[-1] == "primary"


@pytest.mark.slow
@pytest.mark.parametrize("answer", OF_THE_ENDPOINT)
def test_an_error_of_one_endpoint_does_not_prove_that_the_provider_recovered(
    server: OddServer, second: OddServer, answer: Reply
) -> None:
    server.will(*[BROKEN] * FAILURES_TO_OPEN, answer)
    call()
    call()
    with time_machine.travel(timezone.now() + timedelta(seconds=31)):
        call()

    assert ProviderState.objects.get(provider="primary").failures == FAILURES_TO_OPEN


@pytest.mark.parametrize("answer", [MISSED, GONE, FAILURE_INSIDE, NO_SUCH_USER, PRIVATE])
def test_a_final_answer_about_a_profile_is_not_a_failure_of_the_provider(
    server: OddServer, answer: Reply
) -> None:
    server.will(BROKEN, answer)

    with pytest.raises(errors.CoreAPIError):
        call()

    assert ProviderState.objects.get().failures == 0


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (PARKED, errors.BadRequest),
        (NO_ROUTE, errors.BadRequest),
        (OTHER_RULES, errors.BadRequest),
        (GONE, errors.NotAvailable),
        (ODD, errors.UnexpectedPayload),
        (MAINTENANCE, errors.Transient),
    ],
)
def test_the_error_of_the_only_provider_is_raised(
    server: OddServer, answer: Reply, error: type[errors.CoreAPIError]
) -> None:
    server.will(answer)

    with pytest.raises(errors.CoreAPIError) as caught:
        call()

    assert type(caught.value) is error


@pytest.mark.parametrize("refusal", [NO_ROUTE, UNSCOPED, ODD])
def test_a_refusal_of_one_endpoint_counts_more_than_a_refused_token(
    server: OddServer, second: OddServer, refusal: Reply
) -> None:
    server.will(REFUSED)
    second.will(refusal)

    with pytest.raises(errors.CoreAPIError) as caught:
        call()

    assert not isinstance(caught.value, errors.Unauthorized)


@pytest.mark.slow
def test_a_recovered_provider_is_called_first_again(server: OddServer, second: OddServer) -> None:
    server.will(*[BROKEN] * 5, FINE)
    call()
    call()

    with time_machine.travel(timezone.now() + timedelta(seconds=31)):
        call()

    assert providers()[-1] == "primary"


@pytest.mark.slow
def test_a_rejected_token_stops_only_its_provider(server: OddServer, second: OddServer) -> None:
    server.will(REFUSED)

    call()
    call()

    assert providers() == ["primary", "second", "second"]
    assert Alarm.objects.get().provider == "primary"


def test_a_new_token_brings_the_first_back(server: OddServer, second: OddServer) -> None:
    server.will(REFUSED, FINE)
    call()

    CoreAPISetting(token="fresh").save()
    call()

    assert server.tokens[-1] == "Bearer fresh"
    assert not Alarm.objects.open().exists()


def test_when_none_answers_the_soonest_retry_counts(server: OddServer, second: OddServer) -> None:
    server.will(BUSY)
    second.will(answering("{}", 503, Retry_After="60"))

    with pytest.raises(errors.Transient) as caught:
        call()

    assert caught.value.retry_after == 60


def test_a_slot_to_wait_for_counts_more_than_a_failure(
    server: OddServer, second: OddServer
) -> None:
    call()
    CoreAPISetting(requests_per_second=0.05).save()
    ProviderState.objects.update(next_slot_at=timezone.now() + timedelta(seconds=20))
    second.will(BUSY)

    with pytest.raises(errors.NoFreeSlot) as caught:
        call()

    assert caught.value.retry_after <= 20


def test_a_later_retry_counts_more_than_a_refused_token(
    server: OddServer, second: OddServer
) -> None:
    server.will(REFUSED)
    second.will(BUSY)

    with pytest.raises(errors.RateLimited):
        call()


def test_when_all_providers_are_stopped_the_work_is_postponed(
    server: OddServer, second: OddServer
) -> None:
    server.will(REFUSED)
    second.will(POOR)
    with pytest.raises(errors.Unauthorized):
        call()

    with pytest.raises(errors.CallsStopped):
        call()


def test_the_kill_switch_stops_every_provider(server: OddServer, second: OddServer) -> None:
    CoreAPISetting(calls_stopped=True).save()

    with pytest.raises(errors.CallsStopped):
        call()
    assert (server.requests, second.requests) == ([], [])


def test_the_budget_is_one_for_all_providers(server: OddServer, second: OddServer) -> None:
    CoreAPISetting(hard_cap=Decimal("0.001")).save()
    server.will(FINE)
    call()

    with pytest.raises(errors.BudgetExhausted):
        call()
    assert second.requests == []


def test_an_unconfigured_provider_does_not_stop_the_others(
    server: OddServer, second: OddServer, settings: Settings
) -> None:
    settings.CORE_API_TOKEN = ""

    assert call() == {"items": []}


def test_a_token_that_cannot_be_decrypted_stops_no_other_provider(
    server: OddServer, settings: Settings
) -> None:
    server.will(FINE)
    fallback("second", "https://second.example", token="sesame")
    settings.FIELD_ENCRYPTION_KEYS = (Fernet.generate_key().decode(),)
    CoreAPISetting.objects.all().delete()

    assert call() == {"items": []}


@pytest.fixture
def dying(settings: Settings) -> Iterator[SimulatorProcess]:
    """The first provider, which serves the same world as the second."""
    with start(world="edges", seed=1) as process, stamina.set_testing(True, attempts=3):
        settings.CORE_API_URL, settings.CORE_API_TOKEN = process.core_api_url, process.token
        yield process


@pytest.mark.slow
def test_a_provider_that_dies_between_two_pages_costs_no_page(
    dying: SimulatorProcess, simulator_process: SimulatorProcess
) -> None:
    fallback("second", simulator_process.core_api_url, token=simulator_process.token)
    facts = simulator_process.control.truth()["plain.case"]
    seen: list[str] = []
    cursor = ""

    while True:
        page = instagram_api.fetch_user_posts(facts["id"], cursor, count=7)
        assert isinstance(page, dict)
        seen += [str(item["pk"]) for item in page["items"]]
        dying.stop()
        if not (cursor := page.get("next_max_id") or ""):
            break

    assert sorted(seen) == sorted(post["id"] for post in facts["posts"])
    assert {"primary", "second"} == set(providers())
