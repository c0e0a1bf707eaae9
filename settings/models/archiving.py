"""How the archive works."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from solo.models import SingletonModel

GIBIBYTE = 2**30


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
