"""The services outside that the archive calls."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from solo.models import SingletonModel

from settings import service_accounts
from settings.fields import EncryptedTextField, Secret


def validate_address(text: str) -> None:
    """Accept `https://host[:port][/path]`, to which the path of an endpoint can be appended."""
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise ValidationError("Enter an http:// or https:// address.") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValidationError("Enter an http:// or https:// address.")
    # The admin shows the address, so it must not carry a login.
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValidationError("Enter the address without a user, a query or a fragment.")


class CoreAPISetting(SingletonModel):
    base_url = models.CharField(
        max_length=500,
        default="",
        blank=True,
        validators=[validate_address],
        verbose_name="address",
        help_text="Such as https://api.tikhub.io. Empty: CORE_API_URL of the environment.",
    )
    token = EncryptedTextField(
        default="", blank=True, help_text="Without one, CORE_API_TOKEN of the environment is used."
    )
    timeout_seconds = models.PositiveSmallIntegerField(
        default=60,
        validators=[MinValueValidator(1), MaxValueValidator(90)],
        help_text="How long one call may take; the provider recommends 30 to 60.",
    )
    requests_per_second = models.FloatField(
        default=10.0,
        validators=[MinValueValidator(0.01), MaxValueValidator(1000)],
        help_text="Shared by all workers; the provider allows 10.",
    )
    calls_stopped = models.BooleanField(
        default=False, help_text="While this is on, no call is sent, not even an urgent one."
    )
    soft_cap = models.DecimalField(
        max_digits=10,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        verbose_name="soft cap (USD a day)",
        help_text="Above it only stories are polled, because they cannot wait. Empty: none.",
    )
    hard_cap = models.DecimalField(
        max_digits=10,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        verbose_name="hard cap (USD a day)",
        help_text="No call is made that could exceed it. Days are of UTC. Empty: none.",
    )

    class Meta:
        verbose_name = "Core API"

    def __str__(self) -> str:
        return "Core API"


class FallbackCoreAPI(models.Model):
    """Another Core API of the same kind. It is called if those before it cannot answer."""

    name = models.CharField(max_length=40, unique=True, help_text="As the log and alarms call it.")
    position = models.PositiveSmallIntegerField(default=1, help_text="The lowest is asked first.")
    is_active = models.BooleanField(default=True)
    base_url = models.CharField(
        max_length=500, validators=[validate_address], verbose_name="address"
    )
    token = EncryptedTextField(default="", blank=True)
    timeout_seconds = models.PositiveSmallIntegerField(
        default=60, validators=[MinValueValidator(1), MaxValueValidator(90)]
    )
    requests_per_second = models.FloatField(
        default=10.0, validators=[MinValueValidator(0.01), MaxValueValidator(1000)]
    )

    class Meta:
        ordering: ClassVar = ["position", "id"]
        verbose_name = "fallback Core API"

    def __str__(self) -> str:
        return self.name


def validate_service_account(text: str | Secret) -> None:
    """Accept the JSON of a service account whose private key loads."""
    try:
        revealed = text.reveal() if isinstance(text, Secret) else text
        if revealed:
            service_accounts.parse(revealed)
    except (service_accounts.InvalidServiceAccount, ImproperlyConfigured) as error:
        raise ValidationError(str(error)) from error


class FirebaseAdminSetting(SingletonModel):
    """With what the archive checks Google's sign-in tokens."""

    service_account = EncryptedTextField(
        default="",
        blank=True,
        validators=[validate_service_account],
        help_text="The JSON file that Firebase offers under Project settings, Service accounts.",
    )

    class Meta:
        verbose_name = "Google sign-in"

    def __str__(self) -> str:
        return "Google sign-in"


class OpenAISetting(SingletonModel):
    """A service with the API of OpenAI."""

    is_active = models.BooleanField(default=False, help_text="While this is off, nothing is sent.")
    base_url = models.CharField(
        max_length=500,
        default="https://api.openai.com/v1",
        validators=[validate_address],
        verbose_name="address",
    )
    api_key = EncryptedTextField(default="", blank=True, verbose_name="API key")
    text_model = models.CharField(
        max_length=100, default="", blank=True, help_text="It answers questions. Empty: none."
    )
    embedding_model = models.CharField(
        max_length=100, default="", blank=True, help_text="It compares texts. Empty: none."
    )
    image_model = models.CharField(
        max_length=100, default="", blank=True, help_text="It makes images. Empty: none."
    )
    daily_cap = models.DecimalField(
        max_digits=10,
        decimal_places=4,
        default=1,
        validators=[MinValueValidator(0)],
        verbose_name="cap (USD a day)",
        help_text="No request is sent that could exceed it. Days are of UTC.",
    )

    class Meta:
        verbose_name = "OpenAI"

    def __str__(self) -> str:
        return "OpenAI"
