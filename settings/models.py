"""What staff can change at run time: one row per kind, read through `settings/current.py` only."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from solo.models import SingletonModel

from settings.fields import EncryptedTextField

GIBIBYTE = 2**30


def validate_address(text: str) -> None:
    """Accept what an endpoint's path can follow: `https://host[:port][/path]`."""
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise ValidationError("Enter an http:// or https:// address.") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValidationError("Enter an http:// or https:// address.")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValidationError("Enter the address without a user, a query or a fragment.")


class CoreAPISetting(SingletonModel):
    """How the Core API is reached."""

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

    class Meta:
        verbose_name = "Core API"

    def __str__(self) -> str:
        return "Core API"


class ArchivingSetting(SingletonModel):
    """How much is downloaded at once, and how long the log of calls is kept."""

    max_file_bytes = models.PositiveBigIntegerField(
        default=2 * GIBIBYTE,
        validators=[MinValueValidator(1)],
        help_text="Larger media files are refused.",
    )
    download_threads = models.PositiveSmallIntegerField(
        default=16,
        validators=[MinValueValidator(1), MaxValueValidator(128)],
        help_text="Files downloaded at the same time by one worker.",
    )
    connections_per_host = models.PositiveSmallIntegerField(
        default=16,
        validators=[MinValueValidator(1), MaxValueValidator(128)],
        help_text="Of those, at most this many from the same host.",
    )
    api_log_retention_days = models.PositiveSmallIntegerField(
        default=30,
        validators=[MinValueValidator(1)],
        verbose_name="API log retention (days)",
        help_text="Older rows of the API log are deleted.",
    )
    api_log_body_limit = models.PositiveIntegerField(
        default=64 * 1024,
        validators=[MaxValueValidator(1024 * 1024)],
        verbose_name="API log body limit (characters)",
        help_text="How much of each answer the API log keeps; 0 keeps none.",
    )

    class Meta:
        verbose_name = "archiving"

    def __str__(self) -> str:
        return "archiving"


class AccessSetting(SingletonModel):
    """Who may register, and who may read."""

    registration_open = models.BooleanField(
        default=False, help_text="Anyone may create an account with e-mail and password."
    )
    private_reading = models.BooleanField(
        default=False, help_text="Reading needs an account, and media addresses expire."
    )

    class Meta:
        verbose_name = "access"

    def __str__(self) -> str:
        return "access"
