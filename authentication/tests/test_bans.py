"""Bans, and signing out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.exceptions import InvalidToken

from authentication import bans, keys, tokens
from authentication.models import Ban
from core.scopes import Scope
from core.users.models import Account
from tests.support.waiting import lock_is_awaited, wait_until

PASSWORD = "correct horse battery staple"
ME = "/authentication/me/"


@pytest.fixture
def superuser(db: None) -> Account:
    return Account.objects.create_superuser("boss@example.org", PASSWORD)


def status_with(api: APIClient, header: str) -> int:
    api.credentials(HTTP_AUTHORIZATION=header)
    return api.get(ME).status_code


def test_a_ban_ends_sessions_and_keys_at_once(
    api: APIClient, client: Client, account: Account, superuser: Account
) -> None:
    pair = tokens.issue(account)
    key = keys.make(account, name="test", scopes=[Scope.READ], expires_at=None).text
    client.force_login(account)

    bans.ban(account, reason="spam", ends_at=None, by=superuser)

    assert status_with(api, f"Bearer {pair['access']}") == 401
    assert status_with(api, f"Bearer {key}") == 401
    assert client.get(ME).status_code == 401
    api.credentials()
    assert api.post("/authentication/refresh/", {"refresh": pair["refresh"]}).status_code == 401
    body = {"email": account.email, "password": PASSWORD}
    assert api.post("/authentication/login/", body).status_code == 401


def test_after_its_end_the_account_may_sign_in_again_with_new_keys(
    api: APIClient, account: Account
) -> None:
    key = keys.make(account, name="test", scopes=[Scope.READ], expires_at=None).text
    bans.ban(account, reason="spam", ends_at=timezone.now() + timedelta(days=1), by=None)

    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        body = {"email": account.email, "password": PASSWORD}
        assert api.post("/authentication/login/", body).status_code == 200
        assert status_with(api, f"Bearer {key}") == 401


def test_staff_bans_and_lifts_in_the_admin(
    client: Client, api: APIClient, account: Account, superuser: Account
) -> None:
    client.force_login(superuser)
    page = reverse("admin:authentication_ban_add")

    client.post(page, {"account": account.pk, "reason": "spam", "ends_at_0": "", "ends_at_1": ""})
    ban = Ban.objects.get()
    assert (ban.account, ban.banned_by) == (account, superuser)

    form = {"action": "lift", "_selected_action": [ban.pk]}
    client.post(reverse("admin:authentication_ban_changelist"), form)
    body = {"email": account.email, "password": PASSWORD}
    assert api.post("/authentication/login/", body).status_code == 200


def test_only_a_superuser_bans_staff_and_no_account_bans_itself(
    account: Account, staff: Account, superuser: Account
) -> None:
    for banned, by in ((staff, account), (superuser, staff), (superuser, superuser)):
        with pytest.raises(bans.BanRefused):
            bans.ban(banned, reason="spam", ends_at=None, by=by)
    assert not Ban.objects.exists()


def test_signing_out_ends_this_session_only(api: APIClient, account: Account) -> None:
    here, there = tokens.issue(account), tokens.issue(account)
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {here['access']}")

    assert api.post("/authentication/sign-out/").status_code == 204

    assert status_with(api, f"Bearer {here['access']}") == 401
    assert status_with(api, f"Bearer {there['access']}") == 200


def test_signing_out_everywhere_ends_all_sessions(
    api: APIClient, client: Client, account: Account
) -> None:
    here, there = tokens.issue(account), tokens.issue(account)
    client.force_login(account)
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {here['access']}")

    assert api.post("/authentication/sign-out-everywhere/").status_code == 204

    assert status_with(api, f"Bearer {there['access']}") == 401
    assert client.get(ME).status_code == 401


def test_a_cookie_session_needs_the_csrf_token_to_write(account: Account) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(account)

    assert client.get(ME).status_code == 200
    assert client.post("/authentication/sign-out/").status_code == 403


@pytest.mark.django_db(transaction=True)
def test_a_sign_in_during_a_ban_leaves_nothing_that_outlives_it(account: Account) -> None:
    def sign_in() -> type[Exception] | None:
        try:
            tokens.issue(account)
        except InvalidToken as error:
            return type(error)
        finally:
            connection.close()
        return None

    def make_key() -> type[Exception] | None:
        try:
            keys.make(account, name="test", scopes=[], expires_at=None)
        except keys.KeyRefused as error:
            return type(error)
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(2) as threads:
        with transaction.atomic():
            bans.ban(account, reason="spam", ends_at=None, by=None)
            attempts = [threads.submit(sign_in), threads.submit(make_key)]
            wait_until(lock_is_awaited)

        assert [each.result() for each in attempts] == [InvalidToken, keys.KeyRefused]
