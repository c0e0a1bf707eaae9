"""API keys."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from authentication import keys, tokens
from authentication.models import ApiKey
from authentication.tasks import flush_expired_tokens
from core.scopes import Scope
from core.users.models import Account

PASSWORD = "correct horse battery staple"
KEYS = "/authentication/keys/"


def with_session(api: APIClient, account: Account) -> APIClient:
    """The client with an access token of the account."""
    return with_header(api, f"Bearer {tokens.issue(account)['access']}")


def with_header(api: APIClient, text: str) -> APIClient:
    api.credentials(HTTP_AUTHORIZATION=text)
    return api


def key_of(account: Account, *scopes: Scope) -> str:
    """The text of a new key without an end."""
    return keys.make(account, name="test", scopes=scopes, expires_at=None).text


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Token"])
def test_a_key_acts_for_its_account(api: APIClient, account: Account, scheme: str) -> None:
    with_header(api, f"{scheme} {key_of(account, Scope.READ)}")

    assert api.get("/authentication/me/").json()["email"] == account.email


def test_a_key_may_do_only_what_its_scopes_allow(api: APIClient, account: Account) -> None:
    body = {"username": "some.profile"}

    reading = with_header(api, f"Bearer {key_of(account, Scope.READ)}")
    assert reading.post("/instagram/users/", body).status_code == 403
    writing = with_header(api, f"Bearer {key_of(account, Scope.WRITE)}")
    assert writing.post("/instagram/users/", body).status_code == 201


def test_a_key_loses_what_its_account_loses(api: APIClient, account: Account) -> None:
    with_header(api, f"Bearer {key_of(account, Scope.WRITE)}")
    account.groups.clear()

    assert api.post("/instagram/users/", {"username": "some.profile"}).status_code == 403


def test_a_password_buys_a_key_for_ten_hours(api: APIClient, account: Account) -> None:
    body = {"email": account.email, "password": PASSWORD}

    response = api.post("/authentication/tokens/", body)

    assert response.status_code == 201
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json()["key"]["scopes"] == ["archive:read", "archive:write", "files:write"]
    with_header(api, f"Token {response.json()['token']}")
    assert api.get("/authentication/me/").status_code == 200
    with time_machine.travel(timezone.now() + timedelta(hours=10, seconds=1)):
        assert api.get("/authentication/me/").status_code == 401


def test_the_secret_is_shown_once_and_not_stored(api: APIClient, account: Account) -> None:
    with_session(api, account)
    wanted = {"name": "nightly", "scopes": ["archive:read"]}

    shown = api.post(KEYS, wanted).json()

    assert shown["token"] not in json.dumps(api.get(KEYS).json())
    [row] = ApiKey.objects.values()
    assert shown["token"] not in str(row)
    assert shown["token"] not in repr(keys.make(account, name="x", scopes=[], expires_at=None))


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"scopes": ["admin:read"]}, "scopes"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2999-01-01T00:00:00Z"}, "expires_at"),
        ({"name": ""}, "name"),
    ],
)
def test_a_key_that_cannot_be_made_is_refused_with_the_reason(
    api: APIClient, account: Account, wanted: dict[str, object], field: str
) -> None:
    with_session(api, account)

    response = api.post(KEYS, {"name": "nightly", "scopes": ["archive:read"], **wanted})

    assert response.status_code == 400
    assert list(response.json()) == [field]


def test_a_key_cannot_make_keys_or_change_its_account(api: APIClient, account: Account) -> None:
    with_header(api, f"Bearer {key_of(account, Scope.WRITE)}")

    assert api.post(KEYS, {"name": "more", "scopes": ["archive:read"]}).status_code == 403
    assert api.post("/authentication/delete-account/", {"password": PASSWORD}).status_code == 403


def test_a_revoked_key_works_no_more(api: APIClient, account: Account) -> None:
    text = key_of(account, Scope.READ)
    with_session(api, account)
    [key] = api.get(KEYS).json()

    assert api.delete(f"{KEYS}{key['id']}/").status_code == 204

    assert with_header(api, f"Bearer {text}").get("/instagram/statistic/").status_code == 401


def test_the_key_of_another_account_is_not_found(
    api: APIClient, account: Account, staff: Account
) -> None:
    staff.is_superuser = True
    staff.save()
    key = keys.make(staff, name="staff", scopes=[Scope.ADMIN], expires_at=None).key

    assert with_session(api, account).delete(f"{KEYS}{key.pk}/").status_code == 404


@pytest.mark.parametrize("text", ["ia_", "ia_x_y", "ia_0000000000_wrong", "nonsense", ""])
def test_a_wrong_key_is_refused(api: APIClient, text: str) -> None:
    response = with_header(api, f"Token {text}").get("/instagram/statistic/")

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_the_last_use_is_written_once_a_minute(
    account: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    text = key_of(account, Scope.READ)
    with django_assert_num_queries(2):
        keys.find(text)
    with django_assert_num_queries(1):
        keys.find(text)


def test_the_command_makes_lists_and_revokes(account: Account, api: APIClient) -> None:
    out = StringIO()
    call_command(
        "apikey", "create", account.email, "--name", "cron", "--scope", "archive:read", stdout=out,
        stderr=StringIO(),
    )  # fmt: skip
    text = out.getvalue().strip()
    assert with_header(api, f"Bearer {text}").get("/authentication/me/").status_code == 200

    listed = StringIO()
    call_command("apikey", "list", account.email, "--json", stdout=listed)
    prefix = json.loads(listed.getvalue())["prefix"]
    call_command("apikey", "revoke", prefix, stdout=StringIO())

    assert api.get("/authentication/me/").status_code == 401


def test_the_command_names_what_is_wrong(account: Account) -> None:
    with pytest.raises(CommandError, match="does not hold admin:read"):
        call_command("apikey", "create", account.email, "--name", "x", "--scope", "admin:read")
    with pytest.raises(CommandError, match=r"No account has the address x@y\.z"):
        call_command("apikey", "list", "x@y.z")


def test_a_key_of_staff_reads_costs_only_with_its_scope(api: APIClient, account: Account) -> None:
    account.is_staff = True
    account.save()

    assert with_session(api, account).get("/instagram/costs/").status_code == 200
    reading = with_header(api, f"Bearer {key_of(account, Scope.READ)}")
    assert reading.get("/instagram/costs/").status_code == 403


def test_keys_are_deleted_a_week_after_their_end(account: Account) -> None:
    keys.make_token(account)

    with time_machine.travel(timezone.now() + timedelta(days=6), tick=False):
        flush_expired_tokens()
    assert ApiKey.objects.exists()
    with time_machine.travel(timezone.now() + timedelta(days=8), tick=False):
        flush_expired_tokens()
    assert not ApiKey.objects.exists()
