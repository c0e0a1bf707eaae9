"""The second factor of an account: an authenticator app, and codes for the day it is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone

from core.users.models import Account
from settings.fields import EncryptedTextField


class SecondFactor(models.Model):
    """The secret that the authenticator app of an account shares (RFC 6238).

    Until a first code has confirmed it, sign-in does not ask for it.
    """

    MAX_WRONG_CODES = 10
    BLOCKED_FOR = timedelta(minutes=15)

    account = models.OneToOneField(Account, models.CASCADE, related_name="second_factor")
    secret = EncryptedTextField()
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(default=0, help_text="Of the last code, used only once.")
    wrong_codes = models.PositiveSmallIntegerField(default=0, help_text="Since the last right one.")
    blocked_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.account)

    @property
    def is_blocked(self) -> bool:
        """Whether no code is taken now, because too many were wrong."""
        return self.blocked_until is not None and timezone.now() < self.blocked_until

    def count(self, *, is_right: bool) -> None:
        """Count a code. MAX_WRONG_CODES wrong ones in a row block the factor for a while."""
        self.wrong_codes = 0 if is_right else self.wrong_codes + 1
        if self.wrong_codes >= self.MAX_WRONG_CODES:
            self.wrong_codes, self.blocked_until = 0, timezone.now() + self.BLOCKED_FOR
        self.save(update_fields=["wrong_codes", "blocked_until"])


class RecoveryCode(models.Model):
    """A code that is good for one sign-in without the app. Only a keyed digest is stored."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "digest"], name="recovery_code_once"),
        ]

    def __str__(self) -> str:
        return str(self.account)
