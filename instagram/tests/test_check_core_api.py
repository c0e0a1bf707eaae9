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


def test_without_a_token_it_names_the_place_to_enter_one(settings: Settings) -> None:
    settings.CORE_API_URL, settings.CORE_API_TOKEN = "https://api.example", ""

    assert "Every archive run will fail: The Core API's token is not set" in said()


def test_a_configured_provider_is_shown_with_its_url_and_without_its_token(
    settings: Settings,
) -> None:
    settings.CORE_API_URL, settings.CORE_API_TOKEN = "https://api.example", "secret"

    assert said() == "Core API (primary): https://api.example"


def test_a_problem_of_a_fallback_is_shown_beside_the_working_provider(settings: Settings) -> None:
    settings.CORE_API_URL, settings.CORE_API_TOKEN = "https://api.example", "secret"
    FallbackCoreAPI.objects.create(name="second", base_url="https://second.example")

    assert said().splitlines() == [
        "Core API (primary): https://api.example",
        "Core API (second): The token of second is not set: enter it in the admin.",
    ]
