"""Secrets at rest."""

from __future__ import annotations

import pickle

import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import connection
from django.forms.models import model_to_dict
from pytest_django import Settings

from settings.fields import Secret
from settings.models import CoreAPISetting

pytestmark = pytest.mark.django_db


def stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT token FROM settings_coreapisetting")
        (text,) = cursor.fetchone()
    return str(text)


def loaded() -> CoreAPISetting:
    return CoreAPISetting.objects.get()


def test_a_secret_is_read_back() -> None:
    CoreAPISetting(token="sesame").save()

    assert loaded().token.reveal() == "sesame"
    assert "sesame" not in stored()


def test_an_update_encrypts_too() -> None:
    CoreAPISetting().save()

    CoreAPISetting.objects.update(token="sesame")

    assert loaded().token.reveal() == "sesame"
    assert "sesame" not in stored()


def test_no_secret_is_stored_as_empty_text() -> None:
    CoreAPISetting().save()

    assert not loaded().token
    assert stored() == ""


def test_saving_an_unchanged_row_keeps_the_ciphertext() -> None:
    CoreAPISetting(token="sesame").save()
    before = stored()

    loaded().save()

    assert stored() == before


def test_a_secret_is_in_no_representation() -> None:
    setting = CoreAPISetting(token="sesame")

    everything = f"{setting.token!r} {setting.token} {setting.__dict__} {model_to_dict(setting)}"

    assert "sesame" not in everything
    assert b"sesame" not in pickle.dumps(setting)


def test_a_dump_of_the_data_carries_no_secret() -> None:
    dumped = serializers.serialize("json", [CoreAPISetting(token="sesame")])

    assert '"token": ""' in dumped


def test_rows_cannot_be_looked_up_by_a_secret() -> None:
    with pytest.raises(FieldError):
        CoreAPISetting.objects.filter(token="sesame")


def test_after_a_rotation_the_former_key_still_decrypts(settings: Settings) -> None:
    former, fresh = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = (former,)
    CoreAPISetting(token="sesame").save()

    settings.FIELD_ENCRYPTION_KEYS = (fresh, former)

    assert loaded().token.reveal() == "sesame"


def test_the_first_key_encrypts(settings: Settings) -> None:
    former, fresh = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = (fresh, former)
    secret = Secret.hide("sesame")

    settings.FIELD_ENCRYPTION_KEYS = (fresh,)

    assert secret.reveal() == "sesame"


def test_a_lost_key_is_a_clear_error_and_the_row_still_loads(settings: Settings) -> None:
    CoreAPISetting(token="sesame").save()
    settings.FIELD_ENCRYPTION_KEYS = (Fernet.generate_key().decode(),)

    with pytest.raises(ImproperlyConfigured, match="restore the former key"):
        loaded().token.reveal()


@pytest.mark.parametrize("keys", [(), ("short",)])
def test_keys_that_are_none_are_named(settings: Settings, keys: tuple[str, ...]) -> None:
    settings.FIELD_ENCRYPTION_KEYS = keys

    with pytest.raises(ImproperlyConfigured, match="FIELD_ENCRYPTION_KEYS needs"):
        Secret.hide("sesame")
