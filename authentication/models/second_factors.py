"""The second factor of an account: an authenticator app, and codes for the day it is lost."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from core.users.models import Account
from settings.fields import EncryptedTextField


class SecondFactor(models.Model):
    """The secret that the authenticator app of an account shares (RFC 6238).

    Until a first code has confirmed it, sign-in does not ask for it.
    """

    account = models.OneToOneField(Account, models.CASCADE, related_name="second_factor")
    secret = EncryptedTextField()
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(default=0, help_text="Of the last code, used only once.")
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.account)


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
