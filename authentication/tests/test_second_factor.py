"""The second factor of accounts."""

from __future__ import annotations

import re
import threading
import time
from io import StringIO

import pyotp
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.test import APIClient

from authentication import second_factor
from authentication.models import RecoveryCode, SecondFactor
from core.users.models import Account
from settings.models import AccessSetting

pytestmark = pytest.mark.usefixtures("own_cache", "db")

PASSWORD = "battery staple"
LOGIN = "/authentication/login/"
NOW = 1_796_000_000.0


def code_of(account: Account, *, at: float | None = None) -> str:
    """What the app of the account shows."""
    secret = SecondFactor.objects.get(account=account).secret.reveal()
    return pyotp.TOTP(secret).at(int(time.time() if at is None else at))


def turn_on(account: Account) -> list[str]:
    """Turn the factor on, two minutes ago."""
    with time_machine.travel(time.time() - 120, tick=False):
        second_factor.begin(account)
        return second_factor.confirm(account, code_of(account))


def log_in(api: APIClient, account: Account, code: str = "") -> tuple[int, str]:
    answer = api.post(LOGIN, {"email": account.email, "password": PASSWORD, "code": code})
    return answer.status_code, answer.json().get("code", "")


def test_sign_in_asks_for_the_code_of_the_app(api: APIClient, staff: Account) -> None:
    assert log_in(api, staff)[0] == 200
    turn_on(staff)

    assert log_in(api, staff) == (401, "code_required")
    assert log_in(api, staff, "000000") == (401, "wrong_code")
    assert log_in(api, staff, code_of(staff))[0] == 200


def test_a_secret_that_no_code_has_confirmed_is_not_asked_for(
    api: APIClient, staff: Account
) -> None:
    second_factor.begin(staff)

    assert log_in(api, staff)[0] == 200


def test_a_code_is_good_for_one_sign_in(api: APIClient, staff: Account) -> None:
    turn_on(staff)
    code = code_of(staff)

    assert [log_in(api, staff, code)[0] for _ in range(2)] == [200, 401]


@pytest.mark.parametrize(
    ("seconds", "status"), [(-61, 401), (-30, 200), (0, 200), (30, 200), (61, 401)]
)
def test_a_clock_may_be_half_a_minute_wrong(
    api: APIClient, staff: Account, seconds: int, status: int
) -> None:
    with time_machine.travel(NOW, tick=False):
        turn_on(staff)
        assert log_in(api, staff, code_of(staff, at=NOW + seconds))[0] == status


def test_a_recovery_code_is_good_once_and_read_in_any_form(api: APIClient, staff: Account) -> None:
    codes = turn_on(staff)
    assert len({*codes}) == 10

    assert [log_in(api, staff, codes[0])[0] for _ in range(2)] == [200, 401]
    assert log_in(api, staff, codes[1].upper().replace("-", " "))[0] == 200
    assert second_factor.recovery_codes_left(staff) == 8
    stored = [*RecoveryCode.objects.values_list("digest", flat=True)]
    assert not any(code in text for code in codes for text in stored)


def test_a_short_key_needs_the_code_too(api: APIClient, staff: Account) -> None:
    turn_on(staff)
    body = {"email": staff.email, "password": PASSWORD}

    assert api.post("/authentication/tokens/", body).status_code == 401
    assert api.post("/authentication/tokens/", {**body, "code": code_of(staff)}).status_code == 201


def test_guesses_at_the_code_are_limited(api: APIClient, staff: Account) -> None:
    turn_on(staff)

    statuses = [log_in(api, staff, f"{number:06}")[0] for number in range(11)]

    assert statuses == [401] * 10 + [429]


def test_a_page_asks_for_the_code_after_the_password(client: Client, staff: Account) -> None:
    turn_on(staff)

    step = client.post(
        "/account/sign-in/?next=/admin/", {"email": staff.email, "password": PASSWORD}
    )
    assert step["Location"] == "/account/code/?next=%2Fadmin%2F"
    assert client.get("/authentication/me/").status_code == 401, "the password alone is not enough"
    assert client.post(step["Location"], {"code": "000000"}).status_code == 400

    done = client.post(step["Location"], {"code": code_of(staff)})
    assert (done.status_code, done["Location"]) == (302, "/admin/")
    assert client.get("/authentication/me/").json()["email"] == staff.email


def test_the_page_of_the_code_waits_five_minutes_for_the_same_password(
    client: Client, staff: Account
) -> None:
    turn_on(staff)
    assert client.get("/account/code/")["Location"] == "/account/sign-in/"

    client.post("/account/sign-in/", {"email": staff.email, "password": PASSWORD})
    assert client.get("/account/code/").status_code == 200
    with time_machine.travel(time.time() + 301, tick=False):
        assert client.get("/account/code/").status_code == 302

    staff.set_password("another one, and long")
    staff.save()
    assert client.post("/account/code/", {"code": code_of(staff)}).status_code == 302
    assert client.get("/authentication/me/").status_code == 401


def test_an_account_turns_it_on_and_off_on_its_page(client: Client, staff: Account) -> None:
    client.force_login(staff)
    page = client.get("/account/second-factor/").content.decode()
    [secret] = re.findall(r"enter <code>(\w+)</code>", page)
    assert "<svg" in page
    assert secret == SecondFactor.objects.get().secret.reveal()

    with time_machine.travel(time.time() - 120, tick=False):
        refused = client.post("/account/second-factor/", {"code": "000000"})
        assert refused.status_code == 400
        on = client.post("/account/second-factor/", {"code": code_of(staff)})
    assert len(re.findall(r"<code>[a-z0-9]{6}-[a-z0-9]{6}</code>", on.content.decode())) == 10
    assert "10 recovery codes left" in client.get("/account/second-factor/").content.decode()

    with time_machine.travel(time.time() - 60, tick=False):
        client.post("/account/second-factor/", {"code": code_of(staff), "action": "renew"})
    assert second_factor.is_on(staff)
    client.post("/account/second-factor/", {"code": code_of(staff), "action": "remove"})
    assert not second_factor.is_on(staff)
    assert not RecoveryCode.objects.exists()


def test_the_secret_is_encrypted_in_the_database(staff: Account) -> None:
    second_factor.begin(staff)
    secret = SecondFactor.objects.get().secret.reveal()

    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM authentication_secondfactor")
        assert secret not in cursor.fetchone()[0]
    assert secret not in repr(SecondFactor.objects.get().secret)


def test_the_admin_asks_for_it_where_the_setting_does(client: Client, staff: Account) -> None:
    client.force_login(staff)
    assert client.get("/admin/").status_code == 200
    AccessSetting.objects.create(requires_second_factor=True)

    led = client.get("/admin/", follow=True)
    assert led.redirect_chain[-1][0] == "/account/second-factor/?next=%2Fadmin%2F"

    with time_machine.travel(time.time() - 120, tick=False):
        client.post("/account/second-factor/", {"code": code_of(staff)})
    assert client.get("/admin/").status_code == 200

    other = Client()
    other.force_login(staff)  # a session from before the factor
    led = other.get("/admin/", follow=True)
    assert led.redirect_chain[-1][0] == "/account/code/?next=%2Fadmin%2F"
    other.post("/account/code/", {"code": code_of(staff)})
    assert other.get("/admin/").status_code == 200


def test_a_code_without_a_factor_is_no_second_factor(client: Client, staff: Account) -> None:
    AccessSetting.objects.create(requires_second_factor=True)
    body = {"email": staff.email, "password": PASSWORD, "code": "000000"}

    assert client.post("/authentication/session/", body, "application/json").status_code == 200

    assert client.get("/admin/").status_code == 302


def test_staff_lets_an_account_in_that_has_lost_its_app(
    admin_client: Client, api: APIClient, staff: Account
) -> None:
    turn_on(staff)
    factor = SecondFactor.objects.get()

    admin_client.post(f"/admin/authentication/secondfactor/{factor.pk}/delete/", {"post": "yes"})

    assert log_in(api, staff)[0] == 200
    assert not RecoveryCode.objects.exists()


def test_a_command_lets_the_last_superuser_in(staff: Account) -> None:
    turn_on(staff)
    out = StringIO()

    call_command("secondfactor", "remove", staff.email.upper(), stdout=out)

    assert not second_factor.is_on(staff)
    assert staff.email in out.getvalue()
    for email in (staff.email, "a@b.example"):
        with pytest.raises(CommandError):
            call_command("secondfactor", "remove", email)


@pytest.mark.django_db(transaction=True)
def test_one_code_lets_one_of_two_requests_in(staff: Account) -> None:
    turn_on(staff)
    code = code_of(staff)
    outcomes: list[bool] = []

    def use() -> None:
        try:
            second_factor.check(staff, code)
            outcomes.append(True)
        except AuthenticationFailed:
            outcomes.append(False)
        connection.close()

    threads = [threading.Thread(target=use) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == [False] * 5 + [True]


def test_guesses_from_many_addresses_block_the_account_for_a_while(
    api: APIClient, staff: Account
) -> None:
    turn_on(staff)
    body = {"email": staff.email, "password": PASSWORD}
    for number in range(SecondFactor.MAX_WRONG_CODES):
        wrong = {**body, "code": f"{number:06}"}
        assert api.post(LOGIN, wrong, REMOTE_ADDR=f"203.0.113.{number}").status_code == 401

    refused = api.post(LOGIN, {**body, "code": code_of(staff)}, REMOTE_ADDR="203.0.113.77")

    assert (refused.status_code, refused.json()["detail"][:20]) == (401, "Too many wrong codes")
    with time_machine.travel(time.time() + 901, tick=False):
        assert log_in(api, staff, code_of(staff))[0] == 200
