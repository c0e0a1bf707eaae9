"""The configuration in force: the row before the environment, at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from settings import current
from settings.current import AccessConfig, ArchivingConfig, CallLimits, CoreAPIConfig
from settings.models import (
    AccessSetting,
    ArchivingSetting,
    CoreAPISetting,
    FallbackCoreAPI,
    Registration,
)

pytestmark = pytest.mark.django_db

GIBIBYTE = 2**30


@pytest.fixture(autouse=True)
def environment(settings: Settings) -> None:
    settings.CORE_API_URL = "https://environment.example"
    settings.CORE_API_TOKEN = "from-environment"


def fallback(name: str, **fields: Any) -> None:
    FallbackCoreAPI.objects.create(
        name=name, base_url=f"https://{name}.example", token="sesame", **fields
    )


def test_without_a_row_the_environment_counts() -> None:
    assert current.core_api() == CoreAPIConfig(
        base_url="https://environment.example", token="from-environment", timeout_seconds=60
    )


def test_the_row_wins_over_the_environment() -> None:
    CoreAPISetting(base_url="https://row.example/", token="from-row", timeout_seconds=30).save()

    assert current.core_api() == CoreAPIConfig(
        base_url="https://row.example", token="from-row", timeout_seconds=30
    )


def test_each_value_falls_back_by_itself() -> None:
    CoreAPISetting(base_url="https://row.example").save()

    assert current.core_api().token == "from-environment"


def test_a_change_holds_from_the_next_call() -> None:
    AccessSetting(private_reading=False).save()
    current.access()

    AccessSetting.objects.update(private_reading=True)

    assert current.access().private_reading


def test_the_token_is_not_in_the_representation() -> None:
    assert "from-environment" not in repr(current.core_api())


def test_a_token_that_cannot_be_decrypted_is_a_problem_of_its_provider(settings: Settings) -> None:
    CoreAPISetting(token="from-row").save()
    settings.FIELD_ENCRYPTION_KEYS = (Fernet.generate_key().decode(),)
    fallback("second")

    primary, second = current.core_apis()

    assert "No key in FIELD_ENCRYPTION_KEYS" in primary.problem
    assert second.problem == ""


def test_fallbacks_come_after_the_primary_provider_in_their_order() -> None:
    fallback("third", position=2)
    fallback("second", position=1)
    fallback("resting", is_active=False)

    assert [each.name for each in current.core_apis()] == ["primary", "second", "third"]


@pytest.mark.parametrize("change", [{"token": "other"}, {"base_url": "https://other.example"}])
def test_another_token_or_address_has_another_fingerprint(change: dict[str, Any]) -> None:
    config = current.core_api()

    assert replace(config, **change).fingerprint != config.fingerprint


def test_a_fingerprint_stays_while_neither_changes() -> None:
    CoreAPISetting(timeout_seconds=30).save()
    before = current.core_api().fingerprint

    CoreAPISetting(timeout_seconds=60).save()

    assert current.core_api().fingerprint == before


def test_a_fingerprint_says_nothing_without_the_key_of_the_installation(
    settings: Settings,
) -> None:
    before = current.core_api().fingerprint

    settings.SECRET_KEY = "another key of an installation with the same token"

    assert current.core_api().fingerprint != before


def test_without_a_row_nothing_limits_the_calls() -> None:
    assert current.call_limits() == CallLimits(calls_stopped=False, soft_cap=None, hard_cap=None)


def test_the_defaults_of_archiving() -> None:
    assert current.archiving() == ArchivingConfig(
        max_file_bytes=2 * GIBIBYTE,
        download_threads=16,
        connections_per_host=16,
        api_log_retention_days=30,
        run_retention=timedelta(days=90),
        api_log_body_limit=65536,
        misses_to_confirm=3,
        time_between_misses=timedelta(hours=1),
        fixity_cycle=timedelta(days=30),
        story_pace="balanced",
    )


def test_by_default_reading_is_open_and_registration_is_not() -> None:
    assert current.access() == AccessConfig(
        registration=Registration.INVITATION,
        registration_domains=frozenset(),
        default_role="Archivist",
        requires_second_factor=False,
        private_reading=False,
    )


@pytest.mark.parametrize(
    ("read", "model"),
    [
        (current.core_api, CoreAPISetting),
        (current.call_limits, CoreAPISetting),
        (current.archiving, ArchivingSetting),
        (current.access, AccessSetting),
    ],
)
def test_reading_sends_one_query_and_writes_nothing(
    django_assert_num_queries: Any, read: Any, model: Any
) -> None:
    with django_assert_num_queries(1):
        read()

    assert not model.objects.exists()
