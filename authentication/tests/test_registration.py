"""Making an account over REST."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from core.users.models import Account
from settings.models import AccessSetting

STRANGER = {"email": "New@Example.org", "password": "correct horse battery", "name": "New"}


@pytest.fixture
def registration_open(db: None) -> None:
    """As an admin switched it."""
    AccessSetting.objects.create(registration_open=True)


def test_registration_is_closed_by_default(api: APIClient) -> None:
    response = api.post("/authentication/register/", STRANGER)

    assert (response.status_code, list(response.json())) == (403, ["detail"])
    assert not Account.objects.exists()


@pytest.mark.usefixtures("registration_open")
def test_an_account_is_made_and_can_log_in(api: APIClient) -> None:
    response = api.post("/authentication/register/", STRANGER)

    assert (response.status_code, response.json()["email"]) == (201, "new@example.org")
    assert api.post("/authentication/login/", STRANGER).status_code == 200


@pytest.mark.usefixtures("registration_open")
@pytest.mark.parametrize("password", ["short1!", "password123", "8675309867", "new@example.org"])
def test_a_weak_password_is_refused(api: APIClient, password: str) -> None:
    response = api.post("/authentication/register/", {**STRANGER, "password": password})

    assert (response.status_code, list(response.json())) == (400, ["password"])


@pytest.mark.usefixtures("registration_open")
def test_an_address_is_registered_once_in_any_case(api: APIClient) -> None:
    api.post("/authentication/register/", STRANGER)

    response = api.post("/authentication/register/", {**STRANGER, "email": "NEW@example.org"})

    assert response.json() == {"email": ["This address cannot be registered."]}
    assert Account.objects.count() == 1


@pytest.mark.usefixtures("registration_open")
def test_a_registration_cannot_claim_staff_rights(api: APIClient) -> None:
    api.post("/authentication/register/", {**STRANGER, "is_staff": True, "is_superuser": True})

    assert not Account.objects.get().is_staff
