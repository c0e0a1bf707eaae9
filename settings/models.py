"""Settings that staff can change at run time. Only `settings/current.py` reads these rows."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from solo.models import SingletonModel

from settings.fields import EncryptedTextField

GIBIBYTE = 2**30


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


class StoryPace(models.TextChoices):
    """How often stories are polled. `instagram.archiving.schedule.intervals` has the numbers."""

    THRIFTY = "thrifty", "thrifty: daily where stories are likely, weekly elsewhere"
    BALANCED = "balanced", "balanced: daily where stories are likely, up to weekly elsewhere"
    GAPLESS = "gapless", "gapless: every profile before a story can die unseen"
    DENSE = "dense", "dense: as gapless, and every 2 hours while a profile posts"


class ArchivingSetting(SingletonModel):
    """How much is downloaded at once, and how long the log of calls and runs are kept."""

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
    run_retention_days = models.PositiveSmallIntegerField(
        default=90,
        validators=[MinValueValidator(1)],
        verbose_name="run retention (days)",
        help_text="Older runs of the schedule are deleted, but the last of each profile.",
    )
    api_log_body_limit = models.PositiveIntegerField(
        default=64 * 1024,
        validators=[MaxValueValidator(1024 * 1024)],
        verbose_name="API log body limit (characters)",
        help_text="How much of each answer the API log keeps; 0 keeps none.",
    )
    misses_to_confirm = models.PositiveSmallIntegerField(
        default=3,
        validators=[MinValueValidator(1)],
        help_text="Polls in a row that must miss something before it counts as deleted.",
    )
    minutes_between_misses = models.PositiveIntegerField(
        default=60,
        help_text="Polls closer together than this are one poll: they may share one mistake.",
    )
    story_pace = models.CharField(
        max_length=10,
        choices=StoryPace,
        default=StoryPace.BALANCED,
        help_text="Each profile takes it over at its next poll. The denser, the more it costs.",
    )
    fixity_cycle_days = models.PositiveSmallIntegerField(
        default=30,
        validators=[MinValueValidator(1)],
        help_text="Every stored file is hashed again within this time.",
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
