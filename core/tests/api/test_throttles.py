"""Limits, counted in a sliding window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from pytest_django import Settings
from redis.connection import Connection
from rest_framework.test import APIClient

from authentication import keys, tokens
from core.scopes import Scope
from core.users.models import Account

MINUTE = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
URL = "/instagram/statistic/"


@pytest.fixture
def limits(settings: Settings) -> None:
    """Limits that a test reaches soon."""
    rates = {
        "anonymous": "4/min", "account": "4/min", "key": "2/min", "login": "2/min",
        "login_address": "3/min", "archive": "1/min",
    }  # fmt: skip
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}


def codes(api: APIClient, times: int, **options: Any) -> list[int]:
    """The statuses of so many requests."""
    return [api.get(URL, **options).status_code for _ in range(times)]


@pytest.mark.usefixtures("limits")
def test_a_stranger_gets_a_429_that_says_how_long_to_wait(api: APIClient) -> None:
    with time_machine.travel(MINUTE, tick=False):
        codes(api, 4)
        response = api.get(URL)

    assert (response.status_code, list(response.json())) == (429, ["detail"])
    # all four fade by a quarter within 15 seconds of the next minute
    assert response["Retry-After"] == "75"


@pytest.mark.usefixtures("limits")
def test_after_the_pause_one_request_passes(api: APIClient) -> None:
    with time_machine.travel(MINUTE, tick=False) as clock:
        codes(api, 4)
        pause = int(api.get(URL)["Retry-After"])
        clock.shift(pause - 1)
        too_early = codes(api, 1)
        clock.shift(1)
        in_time = codes(api, 2)

    assert (too_early, in_time) == ([429], [200, 429])


@pytest.mark.usefixtures("limits")
def test_no_double_limit_around_the_turn_of_the_minute(api: APIClient) -> None:
    with time_machine.travel(MINUTE + timedelta(seconds=59), tick=False) as clock:
        before = codes(api, 4)
        clock.shift(2)
        after = codes(api, 4)

    assert (before, after) == ([200] * 4, [429] * 4)


@pytest.mark.usefixtures("limits")
def test_a_quiet_minute_clears_the_count(api: APIClient) -> None:
    with time_machine.travel(MINUTE, tick=False) as clock:
        codes(api, 5)
        clock.shift(120)
        assert codes(api, 4) == [200] * 4


@pytest.mark.usefixtures("limits")
def test_addresses_are_counted_apart(api: APIClient) -> None:
    with time_machine.travel(MINUTE, tick=False):
        codes(api, 4, REMOTE_ADDR="192.0.2.1")
        assert codes(api, 1, REMOTE_ADDR="192.0.2.2") == [200]


@pytest.mark.usefixtures("limits")
def test_a_forged_forwarding_header_is_no_other_address(api: APIClient) -> None:
    with time_machine.travel(MINUTE, tick=False):
        codes(api, 4)
        assert codes(api, 1, headers={"X-Forwarded-For": "192.0.2.9"}) == [429]


@pytest.mark.usefixtures("limits")
def test_accounts_are_counted_apart_from_their_address(api: APIClient, account: Account) -> None:
    with time_machine.travel(MINUTE, tick=False):
        codes(api, 4)
        api.force_authenticate(account)
        assert codes(api, 5) == [200] * 4 + [429]


@pytest.mark.usefixtures("limits")
def test_guesses_at_one_password_are_limited(api: APIClient) -> None:
    guess = {"email": "a@example.org", "password": "x"}
    with time_machine.travel(MINUTE, tick=False):
        same = [api.post("/authentication/login/", guess).status_code for _ in range(3)]

    assert same == [401, 401, 429]


@pytest.mark.usefixtures("limits")
def test_guesses_at_many_accounts_from_one_address_are_limited(api: APIClient) -> None:
    with time_machine.travel(MINUTE, tick=False):
        sprayed = [
            api.post("/authentication/login/", {"email": f"a{n}@b.org", "password": "x"})
            for n in range(4)
        ]

    assert [response.status_code for response in sprayed] == [401, 401, 401, 429]


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize("email", ["null", "[]", '{"a": 1}', '"\\ud800"', "7"])
def test_an_address_of_any_json_type_is_counted(api: APIClient, email: str) -> None:
    body = f'{{"email": {email}, "password": "x"}}'

    response = api.post("/authentication/login/", body, content_type="application/json")

    assert (response.status_code, list(response.json())) == (400, ["email"])


@pytest.mark.usefixtures("limits")
def test_starting_runs_is_limited_and_watching_them_is_not(signed_in: APIClient) -> None:
    with time_machine.travel(MINUTE, tick=False):
        started = [
            signed_in.post("/instagram/runs/", {"username": "ada"}).status_code for _ in range(2)
        ]
        watched = signed_in.get("/instagram/runs/").status_code

    assert (started, watched) == ([202, 429], 200)


@pytest.mark.usefixtures("limits")
def test_reading_does_not_depend_on_redis(api: APIClient, settings: Settings) -> None:
    unreachable = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {**settings.CACHES, "default": unreachable}

    assert codes(api, 5) == [200] * 5


@pytest.mark.usefixtures("limits")
def test_a_refused_request_does_not_push_the_end_of_the_pause_away(api: APIClient) -> None:
    with time_machine.travel(MINUTE, tick=False) as clock:
        codes(api, 50)
        clock.shift(75)
        assert codes(api, 1) == [200]


@pytest.mark.usefixtures("limits")
def test_the_keys_of_an_account_are_counted_apart(api: APIClient, account: Account) -> None:
    texts = [
        keys.make(account, name=name, scopes=[Scope.READ], expires_at=None).text for name in "ab"
    ]
    statuses = []
    with time_machine.travel(datetime.now(UTC), tick=False):
        for text in texts:
            headers = {"Authorization": f"Bearer {text}"}
            statuses.append(codes(api, 3, headers=headers))
        last = codes(api, 1, headers={"Authorization": f"Bearer {tokens.issue(account)['access']}"})

    assert statuses == [[200, 200, 429]] * 2
    assert last == [429], "both keys count for their account"


@pytest.mark.usefixtures("limits")
def test_each_answer_says_what_is_left(api: APIClient) -> None:
    with time_machine.travel(MINUTE + timedelta(seconds=15), tick=False):
        answers = [api.get(URL) for _ in range(5)]

    assert {each["RateLimit-Policy"] for each in answers} == {'"anonymous";q=4;w=60'}
    assert [each["RateLimit"] for each in answers] == [
        *(f'"anonymous";r={left};t=45' for left in (3, 2, 1, 0)),
        '"anonymous";r=0;t=60',
    ]


@pytest.mark.usefixtures("limits")
def test_all_limits_of_a_request_are_told(signed_in: APIClient) -> None:
    response = signed_in.post("/instagram/runs/", {"username": "ada"})

    assert response["RateLimit-Policy"] == '"account";q=4;w=60, "archive";q=1;w=60'


def test_any_number_of_limits_costs_one_command(
    signed_in: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes] = []
    send: Any = Connection.send_packed_command

    def record(own: Any, command: Any, **options: Any) -> Any:
        sent.append(b"".join(command))
        return send(own, command, **options)

    monkeypatch.setattr(Connection, "send_packed_command", record)

    signed_in.post("/instagram/users/bulk/", {"usernames": ["two words"]})

    assert sum(b"EVALSHA" in command for command in sent) == 1


def test_a_client_that_fetches_500_details_a_minute_ahead_passes(api: APIClient) -> None:
    with time_machine.travel(MINUTE, tick=False):
        assert codes(api, 500) == [200] * 500
