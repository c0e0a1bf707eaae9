"""The pages of `/account/`."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.test import Client

from authentication import actions, mails
from authentication.models import Invitation, OutgoingMail
from core.users.models import Account
from settings.models import AccessSetting, Registration
from tests.support.mails import link_in_mail

JSON = "application/json"
ORIGIN = "https://archive.example"
pytestmark = pytest.mark.usefixtures("own_cache", "db")

PASSWORD = "correct horse battery"


def page_of_mail() -> str:
    """The path and query of the link in the newest mail."""
    parts = urlsplit(link_in_mail())
    return f"{parts.path}?{parts.query}"


def test_registration_goes_from_page_to_mail_to_page_to_sign_in(client: Client) -> None:
    AccessSetting.objects.create(registration=Registration.OPEN)
    client.post("/account/register/", {"email": "new@example.org", "password": PASSWORD})
    page = page_of_mail()

    assert b"Make my account" in client.get(page).content
    assert not Account.objects.exists(), "reading a page changes nothing"

    assert b"is ready" in client.post(page).content
    response = client.post(
        "/account/sign-in/?next=/health/", {"email": "new@example.org", "password": PASSWORD}
    )
    assert (response.status_code, response["Location"]) == (302, "/health/")
    assert client.get("/authentication/me/").json()["email"] == "new@example.org"


def test_an_invited_person_chooses_name_and_password(client: Client) -> None:
    invited = Invitation.objects.create(email="new@example.org")
    mails.queue(
        OutgoingMail.Kind.INVITE, to=invited.email, origin=ORIGIN, subject_id=str(invited.pk)
    )
    page = page_of_mail()

    refused = client.post(page, {"name": "New", "password": "12345678"})
    assert (refused.status_code, b"too common" in refused.content) == (400, True)

    assert b"is ready" in client.post(page, {"name": "New", "password": PASSWORD}).content
    assert Account.objects.get().name == "New"


def test_a_lost_password_is_replaced_over_pages(client: Client, account: Account) -> None:
    client.post("/account/lost-password/", {"email": account.email})
    page = page_of_mail()

    assert client.post(page, {"password": PASSWORD}).status_code == 200

    assert client.post(page, {"password": PASSWORD}).status_code == 400, "the link is used up"
    account.refresh_from_db()
    assert account.check_password(PASSWORD)


def test_a_new_address_is_confirmed_on_its_page(client: Client, account: Account) -> None:
    actions.request_email(account, email="other@example.org", origin=ORIGIN)

    assert b"other@example.org" in client.post(page_of_mail()).content

    account.refresh_from_db()
    assert account.email == "other@example.org"


@pytest.mark.parametrize(
    "page", ["verify-email", "accept-invitation", "set-password", "confirm-email"]
)
@pytest.mark.parametrize("token", ["", "wrong", "a:b:c", "\x00"])
def test_a_wrong_link_says_so_at_once(client: Client, page: str, token: str) -> None:
    response = client.get(f"/account/{page}/", {"token": token})

    assert response.status_code == 400
    assert b"not valid any more" in response.content
    assert client.post(f"/account/{page}/?token={token}", {"password": "x"}).status_code == 400


def test_a_page_never_leads_to_another_site(client: Client, account: Account) -> None:
    account.set_password(PASSWORD)
    account.save()

    response = client.post(
        "/account/sign-in/?next=https://evil.example/",
        {"email": account.email, "password": PASSWORD},
    )

    assert response["Location"] == "/api/docs/"


def test_wrong_passwords_are_limited_on_the_page_too(client: Client, account: Account) -> None:
    wrong = {"email": account.email, "password": "wrong"}

    answers = [client.post("/account/sign-in/", wrong) for _ in range(11)]

    assert [each.status_code for each in answers] == [400] * 10 + [429]
    assert int(answers[-1]["Retry-After"]) >= 1


def test_forms_of_other_sites_are_refused(account: Account) -> None:
    strict = Client(enforce_csrf_checks=True)

    assert strict.post("/account/sign-in/", {"email": account.email}).status_code == 403
    refused = strict.post("/authentication/session/", {}, JSON)
    assert (refused.status_code, "CSRF" in refused.json()["detail"]) == (403, True)


def test_a_page_of_our_own_signs_in_by_the_api(account: Account) -> None:
    account.set_password(PASSWORD)
    account.save()
    browser = Client(enforce_csrf_checks=True)
    before = browser.get("/authentication/session/").json()
    assert before["account"] is None

    response = browser.post(
        "/authentication/session/",
        {"email": account.email, "password": PASSWORD},
        content_type=JSON,
        headers={"X-CSRFToken": before["csrf_token"]},
    )

    assert response.json()["account"]["email"] == account.email
    token = {"X-CSRFToken": response.json()["csrf_token"]}
    assert browser.post("/authentication/sign-out/", None, JSON, headers=token).status_code == 204
    assert browser.get("/authentication/me/").status_code == 401


def test_closed_registration_says_so(client: Client) -> None:
    AccessSetting.objects.create(registration=Registration.CLOSED)

    response = client.post("/account/register/", {"email": "a@b.example", "password": PASSWORD})

    assert (response.status_code, b"Registration is closed" in response.content) == (400, True)
    assert mail.outbox == []
