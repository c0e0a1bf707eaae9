"""Secrets, encrypted in the database with FIELD_ENCRYPTION_KEYS (not with SECRET_KEY)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django import forms
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.query_utils import DeferredAttribute

from settings.forms import SecretFormField


class Secret:
    """An encrypted secret. Only `reveal` decrypts it, so that no repr and no log shows it."""

    __slots__ = ("ciphertext",)

    def __init__(self, ciphertext: str) -> None:
        self.ciphertext = ciphertext

    @classmethod
    def hide(cls, text: str) -> Secret:
        """Encrypt with the first key. Empty text stays empty."""
        return cls(_keys().encrypt(text.encode()).decode() if text else "")

    def reveal(self) -> str:
        """Decrypt with the key that fits. Raises ImproperlyConfigured if no key does."""
        if not self.ciphertext:
            return ""
        try:
            return _keys().decrypt(self.ciphertext.encode()).decode()
        except InvalidToken:
            # Without the cause, whose traceback would show the ciphertext.
            raise ImproperlyConfigured(
                "No key in FIELD_ENCRYPTION_KEYS decrypts this secret: "
                "restore the former key, or enter the secret again in the admin."
            ) from None

    def __bool__(self) -> bool:
        return bool(self.ciphertext)

    def __repr__(self) -> str:
        return "<Secret>" if self else "<no Secret>"


def _keys() -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS])
    except ValueError:
        raise ImproperlyConfigured(
            "FIELD_ENCRYPTION_KEYS needs keys of 32 bytes in url-safe base64, the newest first."
        ) from None


class _SecretAttribute(DeferredAttribute):
    """Encrypts assigned text at once, so that an instance never holds plain text."""

    def __set__(self, instance: models.Model, value: str | Secret) -> None:
        secret = value if isinstance(value, Secret) else Secret.hide(value)
        instance.__dict__[self.field.attname] = secret


if TYPE_CHECKING:
    TextField = models.TextField[str | Secret, Secret]
else:
    TextField = models.TextField  # generic in the stubs only


class EncryptedTextField(TextField):
    """Text that only the holder of FIELD_ENCRYPTION_KEYS can read; write-only in forms."""

    descriptor_class = _SecretAttribute

    def from_db_value(self, value: str, *_: object) -> Secret:
        """Keep the ciphertext: a row whose key is lost can still be loaded and cleared."""
        return Secret(value)

    def to_python(self, value: str | Secret) -> Secret:
        return value if isinstance(value, Secret) else Secret.hide(value)

    def get_prep_value(self, value: str | Secret) -> str:
        # `update()` and `bulk_create()` do not go through the attribute, and may bring plain text.
        return self.to_python(value).ciphertext

    def value_to_string(self, _: models.Model) -> str:
        # A dump may leave the machine, so it carries no secrets, not even encrypted ones.
        return ""

    def get_lookup(self, lookup_name: str) -> None:
        """Refuse to filter by a secret."""
        # Equal secrets have different ciphertexts, so a filter would find nothing.

    def formfield(self, **_: Any) -> forms.Field:
        # The admin's own widget for long texts would show the secret.
        return SecretFormField(label=self.verbose_name.capitalize(), help_text=str(self.help_text))

    def save_form_data(self, instance: models.Model, data: str | None) -> None:
        """Keep the stored secret where the form was left empty (None)."""
        if data is not None:
            setattr(instance, self.name, data)
