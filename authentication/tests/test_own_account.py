"""What people change about their account."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client
from rest_framework.test import APIClient

from authentication import actions, keys, mails, tokens
from core.scopes import Scope
from core.users.models import Account
from instagram import actions as archive
from instagram.models import ArchiveRun
from tests.support.mails import token_in_mail

PASSWORD = "correct horse battery staple"
NEW = "staple battery horse correct"
ROOT = "/authentication/"


@pytest.fixture
def session(api: APIClient, account: Account) -> APIClient:
    """The client with an access token of `account`."""
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.issue(account)['access']}")
    return api


def log_in(api: APIClient, email: str, password: str) -> int:
    api.credentials()
    return api.post(f"{ROOT}login/", {"email": email, "password": password}).status_code


def test_a_reset_sets_the_password_once_and_ends_sessions_and_keys(
    api: APIClient, account: Account
) -> None:
    access = tokens.issue(account)["access"]
    key = keys.make(account, name="test", scopes=[Scope.READ], expires_at=None).text
    api.post(f"{ROOT}reset-password/", {"email": account.email.upper()})
    body = {"token": token_in_mail(), "password": NEW}

    assert api.post(f"{ROOT}set-password/", body).status_code == 204
    assert api.post(f"{ROOT}set-password/", body).status_code == 400

    api.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    assert api.get(f"{ROOT}me/").status_code == 401
    assert keys.find(key) is None
    assert log_in(api, account.email, NEW) == 200


def test_a_reset_of_an_unknown_address_answers_the_same_and_mails_nothing(api: APIClient) -> None:
    response = api.post(f"{ROOT}reset-password/", {"email": "unknown@example.org"})

    assert response.status_code == 202
    assert mails.send_due() == 0
    assert not mail.outbox


def test_a_changed_password_ends_the_other_sessions_and_keeps_keys(
    session: APIClient, account: Account
) -> None:
    other = tokens.issue(account)["access"]
    key = keys.make(account, name="test", scopes=[Scope.READ], expires_at=None).text

    body = {"password": PASSWORD, "new_password": NEW}
    pair = session.post(f"{ROOT}change-password/", body).json()

    session.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
    assert session.get(f"{ROOT}me/").status_code == 200
    session.credentials(HTTP_AUTHORIZATION=f"Bearer {other}")
    assert session.get(f"{ROOT}me/").status_code == 401
    assert keys.find(key) is not None


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("change-password", {"new_password": NEW}),
        ("change-email", {"email": "new@example.org"}),
        ("deactivate", {}),
        ("delete-account", {}),
    ],
)
def test_each_change_asks_for_the_password(
    session: APIClient, account: Account, name: str, more: dict[str, str]
) -> None:
    response = session.post(f"{ROOT}{name}/", {"password": "wrong", **more})

    assert response.status_code == 401
    account.refresh_from_db()
    assert account.is_active


def test_a_new_address_is_confirmed_and_the_former_one_told(
    session: APIClient, account: Account
) -> None:
    former = account.email
    body = {"password": PASSWORD, "email": "New@example.org"}
    assert session.post(f"{ROOT}change-email/", body).status_code == 202
    token = token_in_mail()
    account.refresh_from_db()
    assert account.email == former

    session.credentials()
    response = session.post(f"{ROOT}confirm-email/", {"token": token})

    assert response.json()["email"] == "new@example.org"
    mails.send_due()
    assert mail.outbox[-1].to == [former]


def test_an_address_of_another_account_cannot_be_taken(session: APIClient, staff: Account) -> None:
    session.post(f"{ROOT}change-email/", {"password": PASSWORD, "email": staff.email})
    mails.send_due()

    assert "token=" not in str(mail.outbox[-1].body)


def test_a_deactivated_account_is_out(session: APIClient, account: Account) -> None:
    assert session.post(f"{ROOT}deactivate/", {"password": PASSWORD}).status_code == 204

    assert session.get(f"{ROOT}me/").status_code == 401
    assert log_in(session, account.email, PASSWORD) == 401


def test_a_deleted_account_leaves_what_it_archived(session: APIClient, account: Account) -> None:
    archive.add_profile(name="some.profile", by=account)

    assert session.post(f"{ROOT}delete-account/", {"password": PASSWORD}).status_code == 204

    assert not Account.objects.exists()
    assert ArchiveRun.objects.get().requested_by is None


def test_the_last_superuser_cannot_leave(api: APIClient) -> None:
    boss = Account.objects.create_superuser("boss@example.org", PASSWORD)
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.issue(boss)['access']}")

    assert api.post(f"{ROOT}delete-account/", {"password": PASSWORD}).status_code == 403
    assert Account.objects.exists()


@pytest.mark.parametrize("email", ["mıke@example.org", "mike@gıthub.example"])
def test_an_address_that_folds_to_another_is_refused(api: APIClient, email: str) -> None:
    response = api.post(f"{ROOT}reset-password/", {"email": email})

    assert (response.status_code, list(response.json())) == (400, ["email"])


def test_a_mail_goes_only_to_the_very_address_of_the_account(account: Account) -> None:
    account.email = "mike@example.org"
    account.save()
    actions.request_reset(email="mıke@example.org", origin="https://archive.example")

    assert mails.send_due() == 0


def test_a_cookie_session_goes_on_after_its_change_of_the_password(
    client: Client, account: Account
) -> None:
    client.force_login(account)
    other = Client()
    other.force_login(account)
    body = {"password": PASSWORD, "new_password": "another one, and long"}

    assert client.post(f"{ROOT}change-password/", body, "application/json").status_code == 200

    assert client.get(f"{ROOT}me/").status_code == 200
    assert other.get(f"{ROOT}me/").status_code == 401
