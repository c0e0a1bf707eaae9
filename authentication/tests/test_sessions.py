"""Signing in, and what becomes of a session."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Literal

import jwt
import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from structlog.testing import capture_logs

from authentication import tokens
from authentication.models import RefreshFamily
from authentication.tasks import flush_expired_tokens
from authentication.tokens import TokenPair
from core.users.models import Account

KINDS: tuple[Literal["access"], Literal["refresh"]] = ("access", "refresh")
PASSWORD = "correct horse battery staple"


@pytest.fixture
def session(account: Account) -> TokenPair:
    """The tokens of `account`."""
    return tokens.issue(account)


def with_access(api: APIClient, access: str) -> APIClient:
    """The client with the token in its header."""
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return api


def test_the_right_password_opens_a_session(api: APIClient, account: Account) -> None:
    response = api.post("/authentication/login/", {"email": account.email, "password": PASSWORD})

    assert response.status_code == 200
    assert set(response.json()) == {"access", "refresh"}
    assert with_access(api, response.json()["access"]).get("/authentication/me/").json() == {
        "id": account.pk,
        "username": "reader",
        "email": "reader@example.org",
        "name": "",
        "photo_url": "",
    }


def test_the_address_counts_in_any_case(api: APIClient, account: Account) -> None:
    body = {"email": account.email.upper(), "password": PASSWORD}

    assert api.post("/authentication/login/", body).status_code == 200


def test_unknown_wrong_and_inactive_are_refused_alike(api: APIClient, account: Account) -> None:
    Account.objects.create_user("gone@example.org", PASSWORD, is_active=False)

    answers = [
        api.post("/authentication/login/", {"email": email, "password": password})
        for email, password in [
            ("unknown@example.org", PASSWORD),
            (account.email, "wrong"),
            ("gone@example.org", PASSWORD),
        ]
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.content for answer in answers} == {
        b'{"detail":"Wrong e-mail address or password."}'
    }
    assert answers[0]["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"email", "password"}),
        ({"email": "x", "password": "y"}, {"email"}),
        ({"email": "a@b.org", "password": "\0"}, {"password"}),
        ({"email": "a@b.org", "password": "x" * 257}, {"password"}),
        ({"email": [], "password": {}}, {"email", "password"}),
        ([], {"non_field_errors"}),
    ],
)
def test_a_login_of_wrong_shape_is_refused_by_field(
    api: APIClient, body: object, fields: set[str]
) -> None:
    response = api.post("/authentication/login/", body)

    assert (response.status_code, set(response.json())) == (400, fields)


def test_logging_in_leaves_its_time(api: APIClient, account: Account) -> None:
    api.post("/authentication/login/", {"email": account.email, "password": PASSWORD})

    account.refresh_from_db()
    assert account.last_login is not None


def test_the_claims_are_those_of_the_contract(account: Account, session: TokenPair) -> None:
    access, refresh = (
        jwt.decode(session[kind], options={"verify_signature": False}) for kind in KINDS
    )

    assert {"token_type", "exp", "iat", "jti", "user_id"} <= set(access)
    assert access["user_id"] == str(account.pk)
    assert (access["exp"] - access["iat"], refresh["exp"] - refresh["iat"]) == (300, 30 * 86400)


def test_a_good_token_is_valid(api: APIClient, session: TokenPair) -> None:
    response = with_access(api, session["access"]).post("/authentication/validate/")

    assert (response.status_code, response.json()) == (200, {"detail": "Token is valid"})


@pytest.mark.parametrize("path", ["/authentication/validate/", "/authentication/me/"])
def test_a_request_without_a_token_is_not_signed_in(api: APIClient, path: str) -> None:
    response = api.post(path) if "validate" in path else api.get(path)

    assert (response.status_code, list(response.json())) == (401, ["detail"])
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("token", ["x", "a.b.c", "two words", "é", "\0"])
def test_a_broken_token_is_refused_on_open_pages_too(api: APIClient, token: str) -> None:
    response = with_access(api, token).get("/instagram/users/")

    assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")
    assert response["WWW-Authenticate"] == "Bearer"


def test_an_expired_token_is_refused_on_open_pages_too(api: APIClient, session: TokenPair) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=False):
        response = with_access(api, session["access"]).get("/instagram/users/")

    assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")


def test_a_refresh_token_is_no_access_token(api: APIClient, session: TokenPair) -> None:
    response = with_access(api, session["refresh"]).get("/authentication/me/")

    assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")


def test_another_scheme_in_the_header_is_a_stranger(api: APIClient) -> None:
    api.credentials(HTTP_AUTHORIZATION="Basic dXNlcjpwYXNz")

    assert api.get("/instagram/users/").status_code == 200


def test_the_access_of_an_inactive_account_ends_at_once(
    api: APIClient, account: Account, session: TokenPair
) -> None:
    Account.objects.filter(pk=account.pk).update(is_active=False)

    response = with_access(api, session["access"]).get("/authentication/me/")

    assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")


def test_a_new_password_ends_every_session(
    api: APIClient, account: Account, session: TokenPair
) -> None:
    account.set_password("another long password")
    account.save()

    refreshed = api.post("/authentication/refresh/", {"refresh": session["refresh"]})
    accessed = with_access(api, session["access"]).get("/authentication/me/")

    assert (refreshed.status_code, accessed.status_code) == (401, 401)


def test_a_refresh_token_gives_a_new_pair(api: APIClient, session: TokenPair) -> None:
    response = api.post("/authentication/refresh/", {"refresh": session["refresh"]})

    fresh = response.json()
    assert (response.status_code, set(fresh)) == (200, {"access", "refresh"})
    assert with_access(api, fresh["access"]).get("/authentication/me/").status_code == 200


def test_two_tabs_that_refresh_within_30_seconds_get_the_same_pair(session: TokenPair) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        first = tokens.rotate(session["refresh"])
        clock.shift(30)
        second = tokens.rotate(session["refresh"])

    assert first == second
    assert first["refresh"] != session["refresh"]


def test_a_tab_may_lag_two_steps_behind(session: TokenPair) -> None:
    first = tokens.rotate(session["refresh"])
    tokens.rotate(first["refresh"])

    assert tokens.rotate(session["refresh"]) == first


def test_a_second_use_after_30_seconds_ends_the_whole_family(
    api: APIClient, session: TokenPair
) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        newest = tokens.rotate(tokens.rotate(session["refresh"])["refresh"])
        clock.shift(31)
        answers = [
            api.post("/authentication/refresh/", {"refresh": refresh})
            for refresh in (session["refresh"], newest["refresh"])
        ]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert [answer.json()["code"] for answer in answers] == ["token_not_valid"] * 2


def test_the_other_sessions_of_the_account_go_on(account: Account, session: TokenPair) -> None:
    other = tokens.issue(account)
    tokens.rotate(session["refresh"])

    with time_machine.travel(timezone.now() + timedelta(seconds=31), tick=False):
        with pytest.raises(InvalidToken):
            tokens.rotate(session["refresh"])
        assert tokens.rotate(other["refresh"])


def test_an_ended_family_is_told_in_the_log_once(account: Account, session: TokenPair) -> None:
    tokens.rotate(session["refresh"])

    with (
        capture_logs() as events,
        time_machine.travel(timezone.now() + timedelta(seconds=31), tick=False),
    ):
        for _ in range(2):
            with pytest.raises(InvalidToken):
                tokens.rotate(session["refresh"])

    assert [(each["event"], each["account"]) for each in events] == [("refresh.reused", account.pk)]


def test_a_token_that_staff_revoked_refreshes_nothing(session: TokenPair) -> None:
    BlacklistedToken.objects.create(token=OutstandingToken.objects.get())

    with pytest.raises(InvalidToken):
        tokens.rotate(session["refresh"])


@pytest.mark.django_db(transaction=True)
def test_uses_at_the_same_moment_get_the_same_pair() -> None:
    refresh = tokens.issue(Account.objects.create_user("reader@example.org", PASSWORD))["refresh"]
    together = Barrier(4)

    def rotate(_: int) -> TokenPair:
        together.wait()
        try:
            return tokens.rotate(refresh)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        first, *others = threads.map(rotate, range(4))

    assert others == [first] * 3


def test_an_inactive_account_cannot_refresh(
    api: APIClient, account: Account, session: TokenPair
) -> None:
    Account.objects.filter(pk=account.pk).update(is_active=False)

    response = api.post("/authentication/refresh/", {"refresh": session["refresh"]})

    assert response.status_code == 401


def test_a_deleted_account_cannot_refresh(
    api: APIClient, account: Account, session: TokenPair
) -> None:
    account.delete()

    response = api.post("/authentication/refresh/", {"refresh": session["refresh"]})

    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert response.json()["code"] == "token_not_valid"


@pytest.mark.parametrize("token", ["x", "a.b.c", "é"])
def test_a_broken_refresh_token_is_refused(api: APIClient, token: str) -> None:
    response = api.post("/authentication/refresh/", {"refresh": token})

    assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")


def test_an_access_token_refreshes_nothing(api: APIClient, session: TokenPair) -> None:
    response = api.post("/authentication/refresh/", {"refresh": session["access"]})

    assert response.status_code == 401


def test_expired_tokens_are_flushed(api: APIClient, session: TokenPair) -> None:
    api.post("/authentication/refresh/", {"refresh": session["refresh"]})

    with time_machine.travel(timezone.now() + timedelta(days=31), tick=False):
        flush_expired_tokens()

    assert not OutstandingToken.objects.exists()
    assert not BlacklistedToken.objects.exists()
    assert not RefreshFamily.objects.exists()


def test_tokens_that_still_work_are_kept(session: TokenPair) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=29), tick=False):
        newest = tokens.rotate(session["refresh"])
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=False):
        flush_expired_tokens()
        assert tokens.rotate(newest["refresh"])


def test_no_token_is_stored_or_shown_in_the_admin(admin_client: Client, session: TokenPair) -> None:
    tokens.rotate(session["refresh"])

    assert {*OutstandingToken.objects.values_list("token", flat=True)} == {""}
    row = OutstandingToken.objects.all()[0]
    page = admin_client.get(f"/admin/token_blacklist/outstandingtoken/{row.pk}/change/")
    assert (page.status_code, b"field-token" in page.content) == (200, False)
