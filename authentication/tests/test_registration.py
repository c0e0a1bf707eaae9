"""Who becomes an account, and by which mails."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from authentication import mails
from authentication.models import GoogleIdentity, Invitation, OutgoingMail, PendingAccount
from core.scopes import Role
from core.users.models import Account
from settings.models import AccessSetting, Registration
from tests.support.mails import link_in_mail, token_in_mail

STRANGER = {"email": "New@Example.org", "password": "correct horse battery", "name": "New"}
REGISTER = "/authentication/register/"


@pytest.fixture
def registration_open(db: None) -> None:
    """As an admin set it."""
    AccessSetting.objects.create(registration=Registration.OPEN)


@pytest.fixture
def invitation(db: None) -> Invitation:
    """Of a person who is to become a viewer."""
    role = Group.objects.get(name=Role.VIEWER)
    invited = Invitation.objects.create(email="new@example.org", role=role)
    mails.queue(
        OutgoingMail.Kind.INVITE,
        to=invited.email,
        origin="https://archive.example",
        subject_id=str(invited.pk),
    )
    return invited


@pytest.mark.parametrize(
    ("registration", "domains"),
    [(Registration.CLOSED, ""), (Registration.INVITATION, ""), (Registration.DOMAINS, "other.org")],
)
def test_strangers_are_refused_unless_the_setting_admits_them(
    api: APIClient, registration: Registration, domains: str
) -> None:
    AccessSetting.objects.create(registration=registration, registration_domains=domains)

    response = api.post(REGISTER, STRANGER)

    assert (response.status_code, list(response.json())) == (403, ["detail"])
    assert not PendingAccount.objects.exists()


def test_an_address_of_an_admitted_domain_may_register(api: APIClient) -> None:
    AccessSetting.objects.create(
        registration=Registration.DOMAINS, registration_domains="@example.ORG"
    )

    assert api.post(REGISTER, STRANGER).status_code == 202


@pytest.mark.usefixtures("registration_open")
def test_a_confirmed_address_becomes_an_archivist_who_can_log_in(api: APIClient) -> None:
    assert api.post(REGISTER, STRANGER).status_code == 202
    assert api.post("/authentication/login/", STRANGER).status_code == 401

    response = api.post("/authentication/verify-email/", {"token": token_in_mail()})

    assert (response.status_code, response.json()["email"]) == (201, "new@example.org")
    assert [group.name for group in Account.objects.get().groups.all()] == [Role.ARCHIVIST]
    assert api.post("/authentication/login/", STRANGER).status_code == 200


@pytest.mark.usefixtures("registration_open")
def test_a_link_confirms_once(api: APIClient) -> None:
    api.post(REGISTER, STRANGER)
    token = token_in_mail()
    api.post("/authentication/verify-email/", {"token": token})

    response = api.post("/authentication/verify-email/", {"token": token})

    assert (response.status_code, list(response.json())) == (400, ["token"])


@pytest.mark.usefixtures("registration_open")
def test_a_link_confirms_for_a_day(api: APIClient) -> None:
    api.post(REGISTER, STRANGER)
    token = token_in_mail()

    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        response = api.post("/authentication/verify-email/", {"token": token})

    assert response.status_code == 400
    assert not Account.objects.exists()


@pytest.mark.usefixtures("registration_open")
@pytest.mark.parametrize("password", ["short1!", "password123", "8675309867", "new@example.org"])
def test_a_weak_password_is_refused(api: APIClient, password: str) -> None:
    response = api.post(REGISTER, {**STRANGER, "password": password})

    assert (response.status_code, list(response.json())) == (400, ["password"])


@pytest.mark.usefixtures("registration_open")
def test_the_answer_does_not_tell_whether_an_address_has_an_account(
    api: APIClient, account: Account
) -> None:
    unknown = api.post(REGISTER, STRANGER)
    known = api.post(REGISTER, {**STRANGER, "email": account.email})

    assert known.status_code == unknown.status_code
    assert known.json()["detail"].replace(account.email, "") == unknown.json()["detail"].replace(
        STRANGER["email"], ""
    )
    mails.send_due()
    assert {each.to[0]: each.subject for each in mail.outbox} == {
        "new@example.org": "Confirm your address for Instarchiver",
        account.email: "You have an account of Instarchiver already",
    }


@pytest.mark.usefixtures("registration_open")
def test_a_registration_cannot_claim_staff_rights(api: APIClient) -> None:
    api.post(REGISTER, {**STRANGER, "is_staff": True, "is_superuser": True})
    api.post("/authentication/verify-email/", {"token": token_in_mail()})

    assert not Account.objects.get().is_staff


@pytest.mark.usefixtures("invitation")
def test_an_invited_person_gets_the_role_of_the_invitation(api: APIClient) -> None:
    body = {"token": token_in_mail(), "password": STRANGER["password"]}

    response = api.post("/authentication/accept-invitation/", body)

    assert response.status_code == 201
    assert [group.name for group in Account.objects.get().groups.all()] == [Role.VIEWER]
    assert api.post("/authentication/accept-invitation/", body).status_code == 400


def test_a_mail_that_the_server_does_not_take_is_sent_later(
    settings: Settings, account: Account
) -> None:
    settings.EMAIL_BACKEND = "authentication.tests.mail_backends.AwayBackend"
    mails.notify(account, "Something changed.", origin="https://archive.example")
    assert mails.send_due() == 0

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with time_machine.travel(timezone.now() + mails.LEASE * 3):
        assert mails.send_due() == 1

    assert not OutgoingMail.objects.exists()


def test_staff_invites_a_person_by_mail(admin_client: Client) -> None:
    response = admin_client.post("/admin/authentication/invitation/add/", {"email": "New@b.org"})

    assert response.status_code == 302
    invited = Invitation.objects.get()
    assert (invited.email, invited.invited_by is None) == ("new@b.org", False)
    assert "http://testserver/account/accept-invitation/?token=" in link_in_mail()


def test_an_invitation_of_an_address_with_an_account_is_refused(
    admin_client: Client, account: Account
) -> None:
    response = admin_client.post("/admin/authentication/invitation/add/", {"email": account.email})

    assert b"has an account already" in response.content
    assert not Invitation.objects.exists()


@pytest.mark.usefixtures("invitation")
def test_an_invitation_is_mailed_again_until_it_is_accepted(admin_client: Client) -> None:
    mails.send_due()
    accepted = Invitation.objects.create(email="old@b.example", accepted_at=timezone.now())
    both = [each.pk for each in Invitation.objects.all()]

    admin_client.post(
        "/admin/authentication/invitation/", {"action": "send_again", "_selected_action": both}
    )
    mails.send_due()

    assert accepted.pk in both
    assert [message.to for message in mail.outbox] == [["new@example.org"]] * 2


def test_an_account_that_staff_makes_gets_the_role_of_new_accounts(admin_client: Client) -> None:
    AccessSetting.objects.create(default_role=Role.VIEWER)
    passwords = {"password1": STRANGER["password"], "password2": STRANGER["password"]}

    admin_client.post("/admin/users/account/add/", {"email": "a@b.example", **passwords})

    made = Account.objects.get(email="a@b.example")
    assert [group.name for group in made.groups.all()] == [Role.VIEWER]


def test_a_google_identity_is_unlinked_by_deleting_it(
    admin_client: Client, account: Account
) -> None:
    linked = GoogleIdentity.objects.create(account=account, project="p", uid="u")
    page = f"/admin/authentication/googleidentity/{linked.pk}"

    assert admin_client.get(f"{page}/change/").status_code == 200
    admin_client.post(f"{page}/delete/", {"post": "yes"})

    assert not GoogleIdentity.objects.exists()
    assert Account.objects.filter(pk=account.pk).exists()


def test_a_mail_that_cannot_be_written_leaves_the_others_alone(account: Account) -> None:
    address = f"a@{'ı' * 64}.example"
    for to in (address, account.email):
        mails.notify(account, "x", origin="https://archive.example", to=to)

    assert mails.send_due() == 1

    assert [*OutgoingMail.objects.values_list("to", "error")] == [(address, "UnicodeError")]
