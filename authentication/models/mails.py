"""Mails that wait to be sent."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from core.users.models import Account


class OutgoingMail(models.Model):
    """One mail. It is written when it is sent, so that no link lies here, and then deleted.

    Whether an address has an account is decided then too: a request for a mail does the same work,
    and takes the same time, for every address.
    """

    class Kind(models.TextChoices):
        CONFIRM = "confirm", "confirm a registration"
        RESET = "reset", "set a new password"
        CHANGE_EMAIL = "change_email", "confirm a new address"
        INVITE = "invite", "invitation"
        NOTICE = "notice", "notice of a change"

    kind = models.CharField(max_length=20, choices=Kind)
    to = models.EmailField()
    origin = models.URLField(max_length=300, help_text="Where its link leads.")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True, related_name="+")
    subject_id = models.CharField(max_length=64, default="", help_text="Of what the mail is about.")
    text = models.CharField(max_length=300, default="", help_text="What a notice says.")
    created_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now, db_index=True)
    error = models.CharField(max_length=100, default="", blank=True)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} to {self.to}"

    MAX_ATTEMPTS: ClassVar = 8
