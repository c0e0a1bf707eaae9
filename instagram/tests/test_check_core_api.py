"""The configuration check of the providers."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from pytest_django import Settings

from settings.models import FallbackCoreAPI

pytestmark = pytest.mark.django_db


def said() -> str:
    output = StringIO()
    call_command("check_core_api", stdout=output)
    return output.getvalue().strip()


def test_without_a_token_it_says_where_to_enter_one(settings: Settings) -> None:
    settings.CORE_API_URL, settings.CORE_API_TOKEN = "https://api.example", ""

    assert "Every archive run will fail: The Core API's token is not set" in said()


def test_where_it_is_configured_the_address_is_said_and_the_token_is_not(
    settings: Settings,
) -> None:
    settings.CORE_API_URL, settings.CORE_API_TOKEN = "https://api.example", "secret"

    assert said() == "Core API (primary): https://api.example"


def test_what_a_fallback_lacks_is_said_beside_the_one_that_works(settings: Settings) -> None:
    settings.CORE_API_URL, settings.CORE_API_TOKEN = "https://api.example", "secret"
    FallbackCoreAPI.objects.create(name="second", base_url="https://second.example")

    assert said().splitlines() == [
        "Core API (primary): https://api.example",
        "Core API (second): The token of second is not set: enter it in the admin.",
    ]
