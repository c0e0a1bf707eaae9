"""Sign-in with Google, against its hosts' stand-in: real keys, certificates and TLS."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rest_framework.test import APIClient

from authentication import bans, firebase
from authentication.models import GoogleIdentity, Invitation
from core.users.models import Account
from settings.models import AccessSetting, FirebaseAdminSetting, Registration
from tests.support.google import GoogleStandIn, service_account

LOGIN = "/authentication/login-with-google/"
LINK = "/authentication/link-google/"
PASSWORD = "correct horse battery staple"
REFUSED = {"error": "Authentication failed", "detail": "Invalid or expired token"}


@pytest.fixture
def google(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GoogleStandIn]:
    """The hosts, which know the user `ana`, and an archive that is open to all."""
    with GoogleStandIn(tmp_path) as google:
        for name, value in google.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(firebase, "_known", None)
        google.add_user("ana")
        yield google


@pytest.fixture(autouse=True)
def is_set_up(db: None) -> None:
    FirebaseAdminSetting.objects.create(service_account=service_account())
    AccessSetting.objects.create(registration=Registration.OPEN)


def status(api: APIClient, token: str) -> int:
    return api.post(LOGIN, {"token": token}).status_code


def test_a_good_token_makes_the_account_once(api: APIClient, google: GoogleStandIn) -> None:
    for _ in range(2):
        response = api.post(LOGIN, {"token": google.token("ana")})
        assert response.status_code == 200

    account = Account.objects.get()
    assert (account.email, account.has_usable_password()) == ("ana@example.org", False)
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {response.json()['access']}")
    assert api.get("/authentication/me/").json()["email"] == "ana@example.org"


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1_600_000_000},
        {"aud": "another-project"},
        {"project": "another-project"},
        {"email_verified": False},
        {"email": None},
        {"sub": ""},
        {"key_id": "unknown"},
    ],
    ids=str,
)
def test_a_wrong_token_is_refused_as_clients_expect(
    api: APIClient, google: GoogleStandIn, claims: dict[str, object]
) -> None:
    response = api.post(LOGIN, {"token": google.token("ana", **claims)})  # type: ignore[arg-type]  # any claim

    assert (response.status_code, response.json()) == (401, REFUSED)
    assert not Account.objects.exists()


@pytest.mark.parametrize("token", ["x", "a.b.c", "ÿ.ÿ.ÿ"])
def test_what_is_no_token_is_refused(api: APIClient, google: GoogleStandIn, token: str) -> None:
    assert status(api, token) == 401
    assert google.fetched_certificates == 0


def test_revoked_disabled_and_deleted_users_are_refused(
    api: APIClient, google: GoogleStandIn
) -> None:
    token = google.token("ana")

    google.add_user("ana", validSince=str(int(time.time()) + 60))
    assert status(api, token) == 401
    google.add_user("ana", disabled=True)
    assert status(api, token) == 401
    google.users.clear()
    assert status(api, token) == 401


def test_an_unknown_key_fetches_certificates_once_a_minute(
    api: APIClient, google: GoogleStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert status(api, google.token("ana")) == 200
    google.key_ids = ["second"]
    for _ in range(3):
        assert status(api, google.token("ana", key_id="second")) == 401
    assert google.fetched_certificates == 1

    monkeypatch.setattr(firebase, "TIME_BETWEEN_FETCHES", 0)  # a minute later
    assert status(api, google.token("ana", key_id="second")) == 200
    assert google.fetched_certificates == 2


def test_a_changed_service_account_applies_to_the_next_token(
    api: APIClient, google: GoogleStandIn
) -> None:
    assert status(api, google.token("ana")) == 200

    FirebaseAdminSetting.objects.update(service_account=service_account("other-project"))

    assert status(api, google.token("ana")) == 401
    google.add_user("bea")
    assert status(api, google.token("bea", project="other-project")) == 200


def test_an_account_with_a_password_is_linked_only_with_it(
    api: APIClient, google: GoogleStandIn, account: Account
) -> None:
    google.add_user("reader")
    token = google.token("reader")

    refused = api.post(LOGIN, {"token": token})
    assert (refused.status_code, list(refused.json())) == (409, ["detail"])
    assert api.post(LINK, {"token": token, "password": "wrong"}).status_code == 401
    assert not GoogleIdentity.objects.exists()

    assert api.post(LINK, {"token": token, "password": PASSWORD}).status_code == 200
    assert GoogleIdentity.objects.get().account == account
    assert status(api, token) == 200


def test_a_banned_account_stays_banned(api: APIClient, google: GoogleStandIn) -> None:
    status(api, google.token("ana"))
    bans.ban(Account.objects.get(), reason="spam", ends_at=None, by=None)

    assert status(api, google.token("ana")) == 401


@pytest.mark.parametrize("is_invited", [False, True])
def test_who_may_register_holds_for_google_too(
    api: APIClient, google: GoogleStandIn, *, is_invited: bool
) -> None:
    AccessSetting.objects.update(registration=Registration.INVITATION)
    if is_invited:
        Invitation.objects.create(email="Ana@example.org")

    assert status(api, google.token("ana")) == (200 if is_invited else 403)
    assert Account.objects.exists() == is_invited


def test_without_a_service_account_the_answer_is_403(api: APIClient) -> None:
    FirebaseAdminSetting.objects.all().delete()

    assert status(api, "token") == 403


def test_while_google_is_away_the_answer_is_503(
    api: APIClient, google: GoogleStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = google.token("ana")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    assert status(api, token) == 503
