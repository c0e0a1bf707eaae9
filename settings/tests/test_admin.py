"""The singletons as staff see them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from settings.models import CoreAPISetting, FallbackCoreAPI

pytestmark = pytest.mark.django_db

CORE_API = reverse("admin:settings_coreapisetting_change")
ADDRESS = "https://core.example"


@pytest.fixture
def setting() -> CoreAPISetting:
    setting = CoreAPISetting(base_url=ADDRESS, token="sesame")
    setting.save()
    return setting


def submit(client: Client, **fields: Any) -> Any:
    form = {
        "base_url": ADDRESS,
        "timeout_seconds": 60,
        "requests_per_second": 10,
        "token_new": "",
        **fields,
    }
    return client.post(CORE_API, form)


def token() -> str:
    return CoreAPISetting.objects.get().token.reveal()


@pytest.mark.parametrize("model", ["coreapisetting", "archivingsetting", "accesssetting"])
def test_every_singleton_has_its_page(admin_client: Client, model: str) -> None:
    response = admin_client.get(reverse(f"admin:settings_{model}_change"))

    assert response.status_code == 200


@pytest.mark.usefixtures("setting")
def test_the_form_never_shows_the_token(admin_client: Client) -> None:
    page = admin_client.get(CORE_API).content.decode()

    assert "sesame" not in page
    assert CoreAPISetting.objects.get().token.ciphertext not in page


@pytest.mark.usefixtures("setting")
def test_an_empty_input_keeps_the_token(admin_client: Client) -> None:
    submit(admin_client, timeout_seconds=30)

    assert CoreAPISetting.objects.get().timeout_seconds == 30
    assert token() == "sesame"


@pytest.mark.usefixtures("setting")
def test_a_new_token_replaces_the_stored_one(admin_client: Client) -> None:
    submit(admin_client, token_new="fresh")

    assert token() == "fresh"


@pytest.mark.usefixtures("setting")
def test_the_box_forgets_the_token(admin_client: Client) -> None:
    submit(admin_client, token_clear="on")

    assert token() == ""


@pytest.mark.usefixtures("setting")
def test_a_stored_token_is_not_sent_to_a_new_address(admin_client: Client) -> None:
    response = submit(admin_client, base_url="https://other.example")

    assert "belongs to the former address" in response.content.decode()
    assert CoreAPISetting.objects.get().base_url == ADDRESS


@pytest.mark.usefixtures("setting")
def test_a_new_address_comes_with_its_token(admin_client: Client) -> None:
    submit(admin_client, base_url="https://other.example", token_new="fresh")

    assert CoreAPISetting.objects.get().base_url == "https://other.example"


@pytest.mark.usefixtures("setting")
def test_a_token_whose_key_is_lost_can_be_replaced(
    admin_client: Client, settings: Settings
) -> None:
    settings.FIELD_ENCRYPTION_KEYS = (Fernet.generate_key().decode(),)

    submit(admin_client, token_new="fresh")

    assert token() == "fresh"


@pytest.mark.parametrize(
    "address",
    ["core.example", "ftp://core.example", "https://", "https://a:b@core.example", "http://[x"],
)
def test_an_address_that_is_none_is_refused(admin_client: Client, address: str) -> None:
    submit(admin_client, base_url=address)

    assert CoreAPISetting.objects.get().base_url == ""


def test_caps_and_the_kill_switch_are_set_on_the_same_page(admin_client: Client) -> None:
    submit(admin_client, calls_stopped="on", soft_cap="1.5", hard_cap="2", requests_per_second=5)

    stored = CoreAPISetting.objects.get()
    assert stored.calls_stopped
    assert (stored.soft_cap, stored.hard_cap) == (Decimal("1.5"), Decimal(2))


def submit_fallback(client: Client, **fields: Any) -> Any:
    form = {
        "name": "second",
        "position": 1,
        "is_active": "on",
        "base_url": ADDRESS,
        "timeout_seconds": 60,
        "requests_per_second": 10,
        "token_new": "",
        **fields,
    }
    row = FallbackCoreAPI.objects.first()
    page = reverse("admin:settings_fallbackcoreapi_add")
    if row is not None:
        page = reverse("admin:settings_fallbackcoreapi_change", args=[row.pk])
    return client.post(page, form)


def test_a_fallback_is_added_with_its_token(admin_client: Client) -> None:
    submit_fallback(admin_client, token_new="sesame")

    assert FallbackCoreAPI.objects.get().token.reveal() == "sesame"


def test_the_token_of_a_fallback_is_never_shown(admin_client: Client) -> None:
    submit_fallback(admin_client, token_new="sesame")
    row = FallbackCoreAPI.objects.get()

    page = admin_client.get(reverse("admin:settings_fallbackcoreapi_change", args=[row.pk]))

    assert "sesame" not in page.content.decode()
    assert row.token.ciphertext not in page.content.decode()


def test_the_token_of_a_fallback_is_not_sent_to_a_new_address(admin_client: Client) -> None:
    submit_fallback(admin_client, token_new="sesame")

    response = submit_fallback(admin_client, base_url="https://other.example")

    assert "belongs to the former address" in response.content.decode()
    assert FallbackCoreAPI.objects.get().base_url == ADDRESS


def test_a_fallback_does_not_take_the_name_of_the_primary_one(admin_client: Client) -> None:
    submit_fallback(admin_client, name="primary")

    assert not FallbackCoreAPI.objects.exists()
