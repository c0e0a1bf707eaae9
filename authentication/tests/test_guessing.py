"""Every page that takes a password has the same limits and the same log."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import structlog
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from rest_framework.test import APIClient

from core.users.models import Account

LOGIN = "/authentication/login/"


@pytest.fixture(autouse=True)
def _the_clock_stands_still() -> Iterator[None]:
    """A window that ended in the middle of a test would count a part of the guesses only."""
    with time_machine.travel(time.time(), tick=False):
        yield


@pytest.fixture
def browser(own_cache: None, db: None) -> Client:
    """A stranger's browser."""
    return Client()


def guess(browser: Client, email: str, password: str = "wrong", **options: str) -> int:  # noqa: S107  no secret
    """The status after trying a password at the page to which the admin leads."""
    form = {"email": email, "password": password}
    return browser.post(reverse("sign-in"), form, **options).status_code  # type: ignore[arg-type]  # WSGI variables


def test_the_login_of_the_admin_stops_after_ten_guesses(browser: Client, staff: Account) -> None:
    assert [guess(browser, staff.email) for _ in range(12)] == [400] * 10 + [429] * 2


def test_the_page_says_how_long_to_wait(browser: Client, staff: Account) -> None:
    for _ in range(10):
        guess(browser, staff.email)

    form = {"email": staff.email, "password": "wrong"}
    response = browser.post(reverse("sign-in"), form)

    seconds = response["Retry-After"]
    assert 1 <= int(seconds) <= 120
    assert f"Wait {seconds} seconds" in response.content.decode()


def test_the_owner_signs_in_from_another_address_meanwhile(browser: Client, staff: Account) -> None:
    for _ in range(11):
        guess(browser, staff.email)

    assert guess(browser, staff.email, "battery staple", REMOTE_ADDR="192.0.2.7") == 302


def test_others_sign_in_from_the_same_address_meanwhile(
    browser: Client, staff: Account, account: Account
) -> None:
    for _ in range(11):
        guess(browser, account.email)

    assert guess(browser, staff.email, "battery staple") == 302


@pytest.mark.slow
def test_one_address_stops_after_sixty_guesses_at_any_accounts(browser: Client) -> None:
    statuses = [guess(browser, f"a{number}@example.org") for number in range(61)]

    assert statuses == [400] * 60 + [429]


def test_the_admin_and_the_api_count_the_same_guesses(
    browser: Client, api: APIClient, staff: Account
) -> None:
    for _ in range(10):
        guess(browser, staff.email.upper())

    answer = api.post(LOGIN, {"email": staff.email, "password": "wrong"})

    assert answer.status_code == 429


@pytest.mark.slow
def test_the_old_password_cannot_be_guessed_either(browser: Client, staff: Account) -> None:
    browser.force_login(staff)
    form = {"old_password": "wrong", "new_password1": "x", "new_password2": "x"}

    statuses = [browser.post(reverse("admin:password_change"), form).status_code for _ in range(11)]

    assert statuses == [200] * 10 + [429]


@pytest.mark.slow
def test_looking_at_a_login_page_is_no_attempt(
    browser: Client, api: APIClient, staff: Account
) -> None:
    for _ in range(70):
        browser.get(reverse("sign-in"))
        api.options(LOGIN)
        api.get(LOGIN)

    assert guess(browser, staff.email, "battery staple") == 302


def test_guesses_are_limited_without_redis_too(
    browser: Client, staff: Account, settings: Settings
) -> None:
    unreachable = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    process = {**settings.CACHES["process"], "LOCATION": "of this test"}
    settings.CACHES = {"default": unreachable, "process": process}

    assert [guess(browser, staff.email) for _ in range(11)] == [400] * 10 + [429]


def test_the_addresses_of_one_ipv6_customer_count_as_one(browser: Client, staff: Account) -> None:
    statuses = [
        guess(browser, staff.email, REMOTE_ADDR=f"2001:db8:0:1::{number:x}") for number in range(11)
    ]

    assert statuses[-1] == 429
    assert guess(browser, staff.email, REMOTE_ADDR="2001:db8:0:2::1") == 400


def test_every_refused_attempt_leaves_the_same_event(
    browser: Client, api: APIClient, staff: Account
) -> None:
    with structlog.testing.capture_logs() as events:
        guess(browser, staff.email)
        api.post(LOGIN, {"email": staff.email, "password": "wrong"})

    assert [each["path"] for each in events] == [reverse("sign-in"), LOGIN]
    assert len({each["account"] for each in events}) == 1
    assert {(each["event"], each["reason"]) for each in events} == {("password.refused", "wrong")}
    assert "wrong'" not in str([{**each, "reason": ""} for each in events])
    assert staff.email not in str(events)


def test_an_attempt_that_was_not_made_is_logged_as_throttled(browser: Client) -> None:
    for _ in range(10):
        guess(browser, "a@example.org")

    with structlog.testing.capture_logs() as events:
        guess(browser, "a@example.org")

    assert [each["reason"] for each in events] == ["throttled"]


def test_a_right_password_is_no_refusal(browser: Client, staff: Account) -> None:
    with structlog.testing.capture_logs() as events:
        guess(browser, staff.email, "battery staple")

    assert [each["event"] for each in events] == ["session.started"]


def test_wrong_passwords_of_a_session_are_logged_and_limited(
    signed_in: APIClient, account: Account
) -> None:
    names = ("change-password", "deactivate", "delete-account")
    addresses = [f"/authentication/{name}/" for name in names]
    wrong = {"password": "wrong", "new_password": "a long one for certain"}

    with structlog.testing.capture_logs() as events:
        statuses = [signed_in.post(addresses[i % 3], wrong).status_code for i in range(11)]

    assert statuses == [401] * 10 + [429]
    refused = [each for each in events if each["event"] == "password.refused"]
    assert len({each["account"] for each in refused}) == 1
    assert len(refused) == 10
