"""The pages of the settings: their history, their tests, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from lab.simulator.process import SimulatorProcess
from settings import current
from settings.models import FirebaseAdminSetting, MailSetting, SettingChange
from tests.support.google import service_account

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])

CORE_API = reverse("admin:settings_coreapisetting_change")
FIREBASE = reverse("admin:settings_firebaseadminsetting_change")
MAIL = reverse("admin:settings_mailsetting_change")
OPENAI = reverse("admin:settings_openaisetting_change")


def messages(client: Client, page: str, form: dict[str, Any]) -> str:
    """Submit with the test button, and return the messages of the next page."""
    button = f"settings_{page.rstrip('/').rpartition('/')[2]}_save_and_test"
    response = client.post(page, {**form, button: "1"}, follow=True)
    return " ".join(str(each) for each in response.context["messages"])


def core_api(simulator: SimulatorProcess, token: str) -> dict[str, Any]:
    return {
        "base_url": simulator.core_api_url,
        "timeout_seconds": 10,
        "requests_per_second": 10,
        "token_new": token,
    }


def test_a_changed_field_is_recorded_with_its_author_and_never_a_secret(
    admin_client: Client, simulator_process: SimulatorProcess
) -> None:
    admin_client.post(CORE_API, core_api(simulator_process, "sesame"))

    rows = {each.field: each for each in SettingChange.objects.all()}
    assert rows["base_url"].after == simulator_process.core_api_url
    assert rows["token"].after == "(a secret)"
    assert {each.changed_by.email for each in rows.values() if each.changed_by} == {
        "admin@example.com"
    }
    assert "sesame" not in str([*SettingChange.objects.values()])


def test_the_core_api_says_its_plan_and_balance(
    admin_client: Client, simulator_process: SimulatorProcess
) -> None:
    said = messages(admin_client, CORE_API, core_api(simulator_process, simulator_process.token))

    assert "accepts the token: key simulator; balance $12.5; free credit $0.25" in said


def test_a_wrong_token_is_said_plainly(
    admin_client: Client, simulator_process: SimulatorProcess
) -> None:
    said = messages(admin_client, CORE_API, core_api(simulator_process, "wrong"))

    assert "the token is wrong or expired" in said


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "This is not JSON"),
        ("[]", "not a JSON object"),
        ('{"type": "user"}', "not a service account"),
        ('{"type": "service_account", "project_id": "p"}', "Missing: client_email"),
        (service_account().replace("BEGIN PRIVATE", "BEGIN BROKEN"), "private key does not load"),
        (service_account().replace("oauth2.googleapis.com", "10.0.0.1"), "token_uri"),
    ],
)
def test_a_wrong_service_account_is_refused_with_the_reason(
    admin_client: Client, text: str, reason: str
) -> None:
    page = admin_client.post(FIREBASE, {"service_account_new": text}).content.decode()

    assert reason in page
    assert not current.firebase().service_account


def test_a_service_account_shows_its_project_and_never_its_key(admin_client: Client) -> None:
    admin_client.post(FIREBASE, {"service_account_new": service_account()})

    page = admin_client.get(FIREBASE).content.decode()
    assert "archive-test (archive@archive-test.iam.gserviceaccount.com)" in page
    assert "PRIVATE KEY" not in page
    assert "PRIVATE KEY" not in repr(current.firebase())
    [stored] = FirebaseAdminSetting.objects.values_list("service_account", flat=True)
    assert "archive-test" not in stored.ciphertext


def test_a_password_is_not_sent_to_another_mail_server(admin_client: Client) -> None:
    MailSetting.objects.create(host="mail.example", password="sesame")
    form = {"host": "other.example", "port": 587, "security": "starttls", "password_new": ""}

    page = admin_client.post(MAIL, form).content.decode()

    assert "belongs to the former server" in page
    assert current.mail().host == "mail.example"


def test_a_mail_server_that_is_away_is_said_plainly(admin_client: Client) -> None:
    form = {"host": "127.0.0.1", "port": 9, "security": "none", "password_new": ""}

    assert "did not take the mail: ConnectionRefusedError" in messages(admin_client, MAIL, form)


def test_openai_without_a_key_is_said_plainly(admin_client: Client) -> None:
    form = {"base_url": "https://openai.example/v1", "daily_cap": "1", "api_key_new": ""}

    assert "Enter an API key first" in messages(admin_client, OPENAI, form)


def test_the_environment_names_the_mail_server_until_the_admin_does(settings: Settings) -> None:
    settings.EMAIL_HOST = "environment.example"
    assert current.mail().host == "environment.example"

    MailSetting.objects.create(host="mail.example", port=465, security="tls")

    assert (current.mail().host, current.mail().security) == ("mail.example", "tls")
